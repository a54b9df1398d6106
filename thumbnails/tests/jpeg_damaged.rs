//! Damaged JPEGs: what is readable is decoded, as in libjpeg.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use support::jpegs::{decoded, difference, file, whole};
use thumbnails::jpeg::Scale;
use thumbnails::jpeg::header::JpegError;

#[test]
fn junk_fill_bytes_and_what_follows_the_picture_are_passed_over() {
    let bytes = file("420-restart");
    let expected = whole(&bytes, Scale::Eight);
    let mut junk = bytes[..2].to_vec();
    // Also what looks like a segment that is longer than the file.
    junk.extend(b"junk\xff\0junk\xff\xed\xff\xffjunk\xff\xff\xff");
    junk.extend(&bytes[2..]);
    assert_eq!(whole(&junk, Scale::Eight), expected);
    // A fill byte before the marker of each segment.
    let mut filled = bytes[..2].to_vec();
    let mut rest = &bytes[2..];
    while rest[1] != 0xda {
        let length = 2 + usize::from(u16::from_be_bytes([rest[2], rest[3]]));
        filled.push(0xff);
        filled.extend(&rest[..length]);
        rest = &rest[length..];
    }
    filled.push(0xff);
    filled.extend(rest);
    assert_eq!(whole(&filled, Scale::Eight), expected);
    // And within the picture, as libjpeg reads it (`jpeg_fill_bit_buffer`).
    let scan = bytes.windows(2).position(|it| it == [0xff, 0xda]).unwrap();
    let zero = scan
        + bytes[scan..]
            .windows(2)
            .position(|it| it == [0xff, 0])
            .unwrap();
    let filled = [&bytes[..zero], &[0xff], &bytes[zero..]].concat();
    assert_eq!(whole(&filled, Scale::Eight), expected);
    // Fill bytes before restart markers.
    let mut filled = bytes[..scan].to_vec();
    for (at, &byte) in bytes.iter().enumerate().skip(scan) {
        if byte == 0xff && matches!(bytes.get(at + 1), Some(0xd0..=0xd7)) {
            filled.extend([0xff; 3]);
        }
        filled.push(byte);
    }
    assert!(filled.len() > bytes.len() + 9);
    assert_eq!(whole(&filled, Scale::Eight), expected);
    // A lot of data after the picture, also data that looks like scans, must not cost much.
    for name in ["420", "420-progressive"] {
        let bytes = file(name);
        let expected = whole(&bytes, Scale::Four);
        let trailing = [bytes, b"\xff\xda\0\x08".repeat(5 << 20)].concat();
        assert_eq!(whole(&trailing, Scale::Four), expected, "{name}");
    }
    // Also where the end itself is missing.
    let bytes = file("420");
    let trailing = [&bytes[..bytes.len() - 2], b"\xff\xda\0\x08junk"].concat();
    assert_eq!(whole(&trailing, Scale::Eight), whole(&bytes, Scale::Eight));
}

#[test]
fn of_what_is_cut_short_all_before_the_cut_is_there() {
    for name in ["420", "444", "420-restart", "420-not-interleaved"] {
        let bytes = file(name);
        let expected = whole(&bytes, Scale::Eight);
        let scan = bytes.windows(2).position(|it| it == [0xff, 0xda]).unwrap() + 14;
        for length in 0..scan {
            assert!(decoded(&bytes[..length], Scale::Eight).is_err());
        }
        let mut before = 0;
        for length in (scan + 200..bytes.len() - 4).step_by(97) {
            let pixels = decoded(&bytes[..length], Scale::Eight).unwrap();
            assert_eq!(pixels.damage, Some(JpegError::CutShort), "{name}: {length}");
            // The first rows are complete, and more of them the longer the file is.
            let same = { pixels.data.iter() }
                .zip(&expected)
                .take_while(|(a, b)| a == b);
            let same = same.count();
            assert!(
                same >= before || same > 3 * 83 * 8,
                "{name}: {same} after {before}"
            );
            before = same;
        }
    }
    // A progressive picture is coarse, but complete.
    let bytes = file("420-progressive");
    let expected = whole(&bytes, Scale::Eight);
    let pixels = decoded(&bytes[..bytes.len() * 2 / 3], Scale::Eight).unwrap();
    assert_eq!(pixels.damage, Some(JpegError::CutShort));
    assert!(difference(&pixels.data, &expected).0 < 20.0);
}

#[test]
fn behind_a_damaged_interval_the_picture_goes_on() {
    let bytes = file("420-restart");
    let expected = whole(&bytes, Scale::Eight);
    let markers: Vec<usize> = (0..bytes.len() - 1)
        .filter(|&at| bytes[at] == 0xff && (0xd0..=0xd7).contains(&bytes[at + 1]))
        .collect();
    assert!(markers.len() > 8);
    // The third interval is missing with its marker; or only its data are missing.
    for (from, to) in [(markers[2], markers[3]), (markers[2] + 2, markers[3])] {
        let damaged = [&bytes[..from], &bytes[to..]].concat();
        let pixels = decoded(&damaged, Scale::Eight).unwrap();
        assert!(pixels.damage.is_some());
        // The last rows are unchanged.
        let tail = 83 * 3 * 20;
        let from = expected.len() - tail;
        assert_eq!(pixels.data[from..], expected[from..]);
    }
}

#[test]
fn a_restart_marker_that_comes_again_is_passed_over() {
    let bytes = file("420-restart");
    let second = bytes.windows(2).position(|it| it == [0xff, 0xd1]).unwrap();
    // As libjpeg has it (`jpeg_resync_to_restart`).
    let again = [&bytes[..second], &[0xff, 0xd0], &bytes[second..]].concat();
    assert_eq!(whole(&again, Scale::Eight), whole(&bytes, Scale::Eight));
}

/// In a progressive JPEG a scan may be missing without any trace in the others.
#[test]
fn a_scan_or_a_table_that_is_missing_is_told() {
    let bytes = file("420-progressive");
    let markers = |marker: u8| -> Vec<usize> {
        let both = { bytes.windows(2) }.enumerate();
        both.filter(|(_, it)| *it == [0xff, marker])
            .map(|(at, _)| at)
            .collect()
    };
    let scans = markers(0xda);
    assert!(scans.len() > 5);
    for &scan in &scans[1..] {
        // The file ends before a scan; libjpeg warns of "Premature end of JPEG file".
        let pixels = decoded(&bytes[..scan], Scale::Eight).unwrap();
        assert_eq!(pixels.damage, Some(JpegError::CutShort), "{scan}");
        // Its length is impossible, or its marker is gone; libjpeg warns of "extraneous bytes
        // before marker".
        for (at, byte) in [(2, 0xff), (0, 0x7f)] {
            let mut broken = bytes.clone();
            broken[scan + at] = byte;
            let pixels = decoded(&broken, Scale::Eight).unwrap();
            assert!(pixels.damage.is_some(), "{scan}: {at}");
        }
        // A bit that does not follow the last one; libjpeg refuses its "progression parameters".
        let mut broken = bytes.clone();
        let bits = scan + 2 + usize::from(bytes[scan + 3]) - 1;
        broken[bits] ^= 0x20;
        let pixels = decoded(&broken, Scale::Eight).unwrap();
        assert!(pixels.damage.is_some(), "{scan}: bits {:x}", broken[bits]);
    }
    for table in markers(0xc4).into_iter().filter(|&it| it > scans[0]) {
        let mut broken = bytes.clone();
        broken[table] = 0xbf;
        let pixels = decoded(&broken, Scale::Eight).unwrap();
        assert!(pixels.damage.is_some(), "{table}");
    }
    // If only the end is missing, all of the picture is there.
    assert_eq!(
        whole(&bytes[..bytes.len() - 2], Scale::Eight),
        whole(&bytes, Scale::Eight)
    );
}
