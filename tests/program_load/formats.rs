//! Formats of a load's files: those that are read, and those that end it at their first bytes.

use std::fs;
use std::io::Write;

use super::{LONGEST_LINE, document, exported, folder, gzip, gzip_of, lines, load, summary, text, zstd};

#[test]
fn compressed_files_are_known_by_their_first_bytes() {
    let all = lines(5_000);
    // In parts, as tools put them together.
    let (first, second) = all.split_at(all.len() / 3);
    let ways = [
        ("plain", all.as_bytes().to_vec()),
        ("gzip", gzip(&all)),
        ("zstd", zstd(&all)),
        ("two of gzip", [gzip(first), gzip(second)].concat()),
        ("two of zstd", [zstd(first), zstd(second)].concat()),
    ];
    for (way, bytes) in ways {
        for through_a_file in [true, false] {
            let folder = folder();
            let output = if through_a_file {
                fs::write(folder.path().join("file"), &bytes).unwrap();
                load(folder.path(), &["file"], b"")
            } else {
                load(folder.path(), &["-"], &bytes)
            };
            assert_eq!(summary(&output), "5000 loaded, 0 unchanged, 0 older, 0 refused", "{way}");
            assert!(exported(folder.path()) == all, "{way}");
        }
    }
}

/// A skippable frame of zstd with this content.
fn skippable(number: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_le_bytes();
    [&[0x50 + number, 0x2a, 0x4d, 0x18][..], &length, content].concat()
}

#[test]
fn skippable_frames_padding_and_byte_order_marks_are_passed_over() {
    let all = lines(5_000);
    let (first, second) = all.split_at(all.find('\n').unwrap() + 1);
    let mark = "\u{feff}";
    let zeros = vec![0; 300_000];
    let ways = [
        ("pzstd", [skippable(0, &[1, 2, 3, 4]), zstd(first), skippable(0, &[4; 4]), zstd(second)].concat()),
        ("skippable of any number", [skippable(15, &[]), skippable(7, &[9; 500]), zstd(&all)].concat()),
        ("seekable zstd", [zstd(&all), skippable(14, &[0; 17])].concat()),
        ("padded gzip", [gzip(&all), zeros.clone()].concat()),
        ("gzip padded by a byte", [gzip(&all), vec![0]].concat()),
        ("members of padded gzip", [gzip(first), zeros.clone(), gzip(second), zeros.clone()].concat()),
        ("frames of padded zstd", [zstd(first), zeros.clone(), zstd(second), zeros.clone()].concat()),
        ("padded lines", [all.as_bytes(), &zeros].concat()),
        ("a padded line", [all.trim_end().as_bytes(), &zeros].concat()),
        ("lines padded with more than a line", [all.as_bytes(), &vec![0; 2 * LONGEST_LINE]].concat()),
        ("padded lines in gzip", gzip_of(&[all.as_bytes(), &zeros].concat())),
        ("mark", format!("{mark}{all}").into_bytes()),
        ("marks of two files", format!("{mark}{first}{mark}{second}").into_bytes()),
        ("mark in gzip", gzip(&format!("{mark}{all}"))),
        ("mark in zstd", zstd(&format!("{mark}{all}"))),
        ("mark before a comment", format!("{mark}# comment\n{all}").into_bytes()),
    ];
    for (way, bytes) in ways {
        for through_a_file in [true, false] {
            let folder = folder();
            fs::write(folder.path().join("file"), &bytes).unwrap();
            let output =
                if through_a_file { load(folder.path(), &["file"], b"") } else { load(folder.path(), &["-"], &bytes) };
            assert_eq!(
                (output.status.code(), summary(&output)),
                (Some(0), "5000 loaded, 0 unchanged, 0 older, 0 refused"),
                "{way}"
            );
            assert!(exported(folder.path()) == all, "{way}");
        }
    }
}

#[test]
fn zeros_before_the_end_of_a_file_are_a_lost_part_of_it() {
    let (a, b) = (document("a", 1) + "\n", document("b", 1) + "\n");
    let zeros = vec![0; 10_000];
    for (name, bytes, kept) in [
        ("start", [&*zeros, a.as_bytes(), b.as_bytes()].concat(), &b),
        ("middle", [a.as_bytes(), &*zeros, b.as_bytes()].concat(), &a),
        ("end of a line", [a.trim_end().as_bytes(), &*zeros, b"\n", b.as_bytes()].concat(), &b),
        ("a line", [a.as_bytes(), &*zeros, b"\n"].concat(), &a),
        ("a comment", [&b"# comment"[..], &*zeros, b.as_bytes(), a.as_bytes()].concat(), &a),
        ("more than a line", [a.as_bytes(), &vec![0; LONGEST_LINE + 9], b.as_bytes()].concat(), &a),
    ] {
        for bytes in [bytes.clone(), gzip_of(&bytes)] {
            let folder = folder();
            let output = load(folder.path(), &["-"], &bytes);
            let expected = (Some(1), "1 loaded, 0 unchanged, 0 older, 1 refused");
            assert_eq!((output.status.code(), summary(&output)), expected, "{name}");
            assert!(text(&output.stderr).contains("refused: zeros stand in it"), "{name}: {output:?}");
            assert_eq!(exported(folder.path()), *kept, "{name}");
        }
    }
    for bytes in [zeros.clone(), gzip_of(&zeros)] {
        let folder = folder();
        let output = load(folder.path(), &["-"], &bytes);
        assert_eq!((output.status.code(), summary(&output)), (Some(1), "0 loaded, 0 unchanged, 0 older, 0 refused"));
        assert!(text(&output.stderr).starts_with("coffer: standard input: it has only zeros"), "{output:?}");
    }
}

#[test]
fn what_follows_a_member_of_gzip_and_is_none_ends_the_load() {
    let folder = folder();
    let output = load(folder.path(), &["-"], &[gzip(&lines(3)), vec![0; 9], b"more".to_vec()].concat());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[test]
fn a_file_of_another_format_ends_the_load_with_what_to_do() {
    let wide = |text: &str, big: bool| -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    };
    let document = document("a", 1);
    let pretty = "{\n  \"id\": \"a\",\n  \"synced\": \"2020-01-01T00:00:00Z\"\n}\n";
    let mut tar = vec![b'x'; 257];
    tar.extend_from_slice(b"ustar\x0000");
    tar.resize(1024, 0);
    for (bytes, words) in [
        (format!("[{document},{document}]").into_bytes(), "jq -c '.[]'"),
        (format!("[\n  {document},\n  {document}\n]\n").into_bytes(), "jq -c '.[]'"),
        (format!("\u{feff} \n# comment\n [ {document}\n]").into_bytes(), "jq -c '.[]'"),
        (gzip(&format!("[{document}]\n")), "jq -c '.[]'"),
        (format!("[{}]", vec![&*document; 200_000].join(",")).into_bytes(), "jq -c '.[]'"),
        (pretty.as_bytes().to_vec(), "jq -c . "),
        (pretty.replace('\n', "\r\n").into_bytes(), "jq -c . "),
        (pretty.replace("{\n ", "{").into_bytes(), "jq -c . "),
        (zstd(pretty), "jq -c . "),
        (b"{\"id\":\"a\"\n,\"synced\":\"2020-01-01T00:00:00Z\"}\n".to_vec(), "jq -c . "),
        (b"{ \"id\": \"a\", \"x\": { \"y\": 1 }\n\n}\n".to_vec(), "jq -c . "),
        (format!("{{\"id\":\"a\",\"x\":[\n{document}\n]}}\n").into_bytes(), "jq -c . "),
        (format!("[\n{document}\n]\n").into_bytes(), "jq -c '.[]'"),
        (format!("{document},\n{document},\n{document}\n").into_bytes(), "sed 's/,"),
        (format!("{document},\r\n\r\n{document},\r\n").into_bytes(), "sed 's/,"),
        (wide(&format!("\u{feff}{document}"), false), "iconv"),
        (wide(&format!("\u{feff}{document}"), true), "iconv"),
        (wide(&document, false), "iconv"),
        (wide(&document, true), "iconv"),
        (b"BZh91AY&SY\x01\x02\x03".to_vec(), "bzip2 -dc"),
        (b"\xfd7zXZ\0\0\x04".to_vec(), "xz -dc"),
        (b"\x02\x21\x4c\x18{".to_vec(), "lz4 -dc"),
        (b"ARROW1\0\0".to_vec(), "one JSON document a line"),
        (b"PK\x03\x04\x14\0\0\0".to_vec(), "unzip -p"),
        (tar.clone(), "tar -xOf"),
        (format!("\u{1e}{document}\n").into_bytes(), "jq -c . "),
        (b"\x1f\x9d\x90{".to_vec(), "gzip -dc"),
        (b"Rar!\x1a\x07\x01\0".to_vec(), "unrar p"),
        (document.bytes().flat_map(|byte| [0, 0, 0, byte]).collect(), "iconv"),
        (gzip_of(&gzip(&document)), "compressed twice"),
        (gzip_of(&zstd(&document)), "compressed twice"),
        (zstd::encode_all(&*gzip(&document), 3).unwrap(), "compressed twice"),
        ([gzip(""), gzip(&String::from_utf8(tar).unwrap())].concat(), "tar -xOf"),
    ] {
        let folder = folder();
        let output = load(folder.path(), &["-"], &bytes);
        let said = text(&output.stderr);
        assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{words}: {said}");
        assert!(
            ["it is ", "a document has several lines", "a comma stands after"]
                .iter()
                .any(|start| said.starts_with(&format!("coffer: standard input: {start}"))),
            "{words}: {said}"
        );
        assert!(said.contains(words) && !said.contains("go on with"), "{words}: {said}");
        assert!(!folder.path().join("roles-refused.jsonl").exists(), "{words}");
    }
}

#[test]
fn a_first_line_that_is_broken_is_refused_alone() {
    // The lines are longer than the head of a file that is read first.
    let good: String = (0..50).map(|number| long_document(&format!("{number:02}")) + "\n").collect();
    let comma = long_document("comma") + ",";
    for first in ["{", "{\"id\":", "{\"id\":\"x\",", "{\"x\":[", "[", "[{\"id\":", "[{\"id\":\"x\"}]", "{{", &comma] {
        for (between, after) in [("\n", &*good), ("\r\n\r\n", &*good), ("\n# version 1577836801000\n", &*good)] {
            let input = format!("{first}{between}{after}");
            for bytes in [gzip(&input), input.into_bytes()] {
                let folder = folder();
                let output = load(folder.path(), &["-"], &bytes);
                let expected = (Some(1), "50 loaded, 0 unchanged, 0 older, 1 refused");
                assert_eq!((output.status.code(), summary(&output)), expected, "{first}: {output:?}");
                let said = text(&output.stderr);
                assert!(said.starts_with("coffer: standard input, line 1: refused: "), "{said}");
                assert_eq!(said.contains("take the commas out: sed "), first == comma, "{said}");
                assert!(exported(folder.path()) == good, "{first}");
            }
        }
    }
    // One line after it is no part of it either, and a line without any is broken.
    for (after, loaded) in [(long_document("a"), 1), (String::new(), 0)] {
        for first in ["{", "{\"id\":", "{\"id\":\"x\","] {
            let folder = folder();
            let output = load(folder.path(), &["-"], format!("{first}\n{after}").as_bytes());
            assert_eq!(summary(&output), format!("{loaded} loaded, 0 unchanged, 0 older, 1 refused"), "{first}");
        }
    }
}

#[test]
fn lines_that_end_with_a_carriage_return_alone_are_refused_with_what_to_do() {
    let documents = [document("a", 1), document("b", 2)].join("\r");
    for input in [documents.clone(), format!("# comment\r{documents}\r"), format!("{documents}\r\n")] {
        let folder = folder();
        let output = load(folder.path(), &["-"], input.as_bytes());
        let expected = (Some(1), "0 loaded, 0 unchanged, 0 older, 1 refused");
        assert_eq!((output.status.code(), summary(&output)), expected, "{input:?}: {output:?}");
        assert!(text(&output.stderr).contains("tr '\\r' '\\n'"), "{output:?}");
    }
    // A comment may end with one.
    let folder = folder();
    let output = load(folder.path(), &["-"], format!("# comment\r\n{}\r\n", document("a", 1)).as_bytes());
    assert_eq!(summary(&output), "1 loaded, 0 unchanged, 0 older, 0 refused");
}

/// A document of more than 265 bytes.
fn long_document(id: &str) -> String {
    format!("{{\"id\":\"{id}\",\"modified\":\"2020-01-01T00:00:01Z\",\"x\":\"{}\"}}", "x".repeat(300))
}

#[test]
fn a_file_that_was_cut_off_is_no_whole_load() {
    let all = lines(20_000);
    for bytes in [gzip(&all), zstd(&all)] {
        let folder = folder();
        fs::write(folder.path().join("cut"), &bytes[..bytes.len() - 9]).unwrap();
        let output = load(folder.path(), &["cut"], b"");
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(said.contains("coffer: cut, line ") && said.contains("go on with: coffer load roles "), "{said}");
    }
}

#[test]
fn an_error_right_after_the_first_document_is_no_end() {
    let first = document("first", 1) + "\n";
    let more: Vec<u8> = (0..200).flat_map(|number| gzip(&(document(&format!("{number:06}"), 1) + "\n"))).collect();
    let mut damaged = gzip(&first);
    let checksum = damaged.len() - 8;
    damaged[checksum] ^= 0xff;
    let (packed, packed_zstd) = (gzip(&first), zstd(&first));
    // Without the checksum at its end.
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(first.as_bytes()).unwrap();
    let checked = encoder.finish().unwrap();
    let cut = checked[..checked.len() - 4].to_vec();
    for (name, bytes, resumes) in [
        ("damaged", damaged.clone(), false),
        ("damaged and more", [damaged, more.clone()].concat(), false),
        ("gzip and a line", [packed.clone(), first.clone().into_bytes()].concat(), false),
        ("gzip and garbage", [packed.clone(), vec![0xa5; 50]].concat(), false),
        ("gzip, zeros and more", [packed.clone(), vec![0; 50], first.clone().into_bytes()].concat(), false),
        ("gzip and zstd", [packed.clone(), packed_zstd.clone()].concat(), false),
        ("a header that was cut", [&packed[..], &packed[..5]].concat(), true),
        ("zstd that was cut", cut, true),
        ("zstd and a line", [packed_zstd.clone(), first.clone().into_bytes()].concat(), false),
        ("zstd and gzip", [packed_zstd.clone(), more].concat(), false),
        ("a frame that was cut", [&packed_zstd[..], &packed_zstd[..9]].concat(), true),
    ] {
        let folder = folder();
        fs::write(folder.path().join("file"), &bytes).unwrap();
        for (from, said) in [("file", "coffer: file, line 2: "), ("-", "coffer: standard input, line 2: ")] {
            let output = load(folder.path(), &[from], &bytes);
            let complaint = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{name}: {output:?}");
            assert!(complaint.starts_with(said), "{name}: {complaint}");
            assert_eq!(complaint.contains("go on with: "), resumes, "{name}: {complaint}");
            // It was unpacked before the error.
            assert_eq!(exported(folder.path()), first, "{name}");
        }
    }
}
