use super::*;

fn sealed(kind: Kind, sequence: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    begin(&mut frame);
    frame.extend_from_slice(payload);
    seal(&mut frame, kind);
    set_sequence(&mut frame, sequence);
    frame
}

/// Returns one byte per read.
struct Dribble<'a>(&'a [u8]);

impl Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.len().min(buffer.len()).min(1);
        buffer[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

#[test]
fn frames_come_out_as_they_went_in_however_the_bytes_arrive() {
    let big = vec![7; 100_000];
    let bytes = [
        sealed(Kind::Job, 1, b"first"),
        sealed(Kind::Reply, 2, &big),
        sealed(Kind::TooLarge, u32::MAX, b""),
    ]
    .concat();
    let inputs: [Box<dyn Read>; 2] = [Box::new(bytes.as_slice()), Box::new(Dribble(&bytes))];
    for input in inputs {
        let mut reader = FrameReader::new(input, 1 << 20);
        let frame = reader.next().unwrap().unwrap();
        assert_eq!(
            (frame.kind, frame.sequence, frame.payload),
            (Kind::Job, 1, &b"first"[..])
        );
        let frame = reader.next().unwrap().unwrap();
        assert_eq!((frame.kind, frame.sequence), (Kind::Reply, 2));
        assert!(frame.payload == big);
        let frame = reader.next().unwrap().unwrap();
        assert_eq!((frame.sequence, frame.payload.len()), (u32::MAX, 0));
        assert_eq!(reader.next().unwrap(), None);
    }
}

#[test]
fn every_flipped_bit_is_noticed_or_shortens_the_stream() {
    let frame = sealed(Kind::Reply, 5, b"a payload of some length");
    for bit in 0..frame.len() * 8 {
        let mut bytes = frame.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let mut reader = FrameReader::new(bytes.as_slice(), 1 << 20);
        match reader.next() {
            Err(FrameError::Garbage(_)) | Ok(None) => {}
            // Kind and sequence are not in the checksum: the receiver compares them with the job.
            Ok(Some(frame)) => assert!(frame.sequence != 5 || frame.kind != Kind::Reply),
            Err(error) => panic!("bit {bit}: {error}"),
        }
    }
}

#[test]
fn text_is_told_from_a_frame_by_its_first_byte() {
    let mut reader = FrameReader::new(&b"x"[..], 100);
    let error = reader.next().unwrap_err().to_string();
    assert_eq!(error, "a frame cannot begin with \"x\"");
}

#[test]
fn a_length_over_the_limit_is_refused_before_it_is_allocated() {
    let mut frame = sealed(Kind::Reply, 0, b"");
    frame[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
    let mut reader = FrameReader::new(frame.as_slice(), 100);
    let error = reader.next().unwrap_err().to_string();
    assert_eq!(error, "a frame of 4294967295 bytes where 100 are the limit");
    assert!(reader.buffer.capacity() < 1 << 20);
}

#[test]
fn what_is_printed_before_the_greeting_is_handed_on() {
    for printed in [&b""[..], b"running 1 test\n", &[0xF5; 40], &[b'.'; 40_000]] {
        let bytes = [printed, &greeting(b"hi")].concat();
        for dribble in [false, true] {
            let input: Box<dyn Read> = if dribble {
                Box::new(Dribble(&bytes))
            } else {
                Box::new(bytes.as_slice())
            };
            let mut reader = FrameReader::new(input, 100);
            let mut prologue = Vec::new();
            assert!(
                reader
                    .skip_to_greeting(|p| prologue.extend_from_slice(p))
                    .unwrap()
            );
            assert_eq!(prologue, printed);
            let frame = reader.next().unwrap().unwrap();
            assert_eq!((frame.kind, frame.payload), (Kind::Hello, &b"hi"[..]));
        }
    }
}

#[test]
fn endless_printing_is_not_waited_for() {
    let mut reader = FrameReader::new(io::repeat(b'.'), 100);
    assert!(reader.skip_to_greeting(|_| ()).is_err());
}
