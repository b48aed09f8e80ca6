//! The bytes that a secret's seal covers besides the data.

use crate::names::RoleId;

use super::secret::SecretRecord;

/// Every field of the record, each with its length before it, so that no two records have the same aad.
/// Part of format 1: a change here is a new format.
pub(super) fn aad(record: &SecretRecord) -> Vec<u8> {
    let mut aad = Vec::with_capacity(512);
    let mut put = |field: &[u8]| {
        aad.extend_from_slice(&(field.len() as u64).to_be_bytes());
        aad.extend_from_slice(field);
    };
    put(b"coffer/secret/1");
    put(record.owner.as_str().as_bytes());
    put(record.name.as_str().as_bytes());
    put(record.revision.secret_id.as_bytes());
    put(&record.revision.version.to_be_bytes());
    put(record.write_id.as_bytes());
    put(record.author.as_str().as_bytes());
    put(record.updated_by.as_str().as_bytes());
    put(&record.created_ms.to_be_bytes());
    put(&record.updated_ms.to_be_bytes());
    let mut put_roles = |roles: &[RoleId]| {
        put(&(roles.len() as u64).to_be_bytes());
        for role in roles {
            put(role.as_str().as_bytes());
        }
    };
    put_roles(&record.roles.read);
    put_roles(&record.roles.write);
    aad
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{SecretName, UserId};
    use crate::random::RandomId;
    use crate::vault::{Revision, RoleLists};

    fn record() -> SecretRecord {
        SecretRecord {
            owner: UserId::parse("alice").unwrap(),
            name: SecretName::parse("db").unwrap(),
            revision: Revision { secret_id: RandomId::from_bytes(&[1; 16]).unwrap(), version: 2 },
            write_id: RandomId::from_bytes(&[3; 16]).unwrap(),
            author: UserId::parse("bob").unwrap(),
            updated_by: UserId::parse("carol").unwrap(),
            created_ms: 4,
            updated_ms: 5,
            roles: RoleLists {
                read: vec![RoleId::parse("r1").unwrap(), RoleId::parse("r2").unwrap()],
                write: vec![RoleId::parse("w1").unwrap()],
            },
        }
    }

    fn field(text: &str) -> String {
        format!("{:016x}{}", text.len(), text.bytes().map(|b| format!("{b:02x}")).collect::<String>())
    }

    /// Permanent, as the vectors of `sealing` are: secrets in people's tables are sealed with it.
    #[test]
    fn the_context_of_format_1_is_what_it_always_was() {
        let expected = [
            field("coffer/secret/1"),
            field("alice"),
            field("db"),
            "000000000000001001010101010101010101010101010101".to_owned(),
            "00000000000000080000000000000002".to_owned(),
            "000000000000001003030303030303030303030303030303".to_owned(),
            field("bob"),
            field("carol"),
            "00000000000000080000000000000004".to_owned(),
            "00000000000000080000000000000005".to_owned(),
            "00000000000000080000000000000002".to_owned(),
            field("r1"),
            field("r2"),
            "00000000000000080000000000000001".to_owned(),
            field("w1"),
        ]
        .concat();
        let actual: String = aad(&record()).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(actual, expected);
    }

    #[test]
    fn a_role_that_moves_from_one_list_to_the_other_changes_the_context() {
        let mut moved = record();
        let role = moved.roles.read.pop().unwrap();
        moved.roles.write.insert(0, role);
        assert_ne!(aad(&moved), aad(&record()));
    }
}
