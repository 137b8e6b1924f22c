//! The outermost layer of DER (ITU-T X.690), and nothing of the inner ones. The library reads
//! those, but does not refuse bytes after what it has read.

/// The tag of a SEQUENCE.
const SEQUENCE: u8 = 0x30;

/// The content of the one SEQUENCE that `input` is, with nothing after it. Longer ones than 65535
/// bytes are none.
pub(crate) fn sequence(input: &[u8]) -> Option<&[u8]> {
    let (&[SEQUENCE, first], rest) = input.split_first_chunk()? else { return None };
    let (length, content) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 | 0x82 => {
            let (length, content) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), content)
        }
        _ => return None,
    };
    (content.len() == length).then_some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_content() {
        assert_eq!(sequence(&[0x30, 2, 5, 0]), Some(&[5, 0][..]));
        assert_eq!(sequence(&[0x30, 0x82, 0, 1, 7]), Some(&[7][..]));
    }

    #[test]
    fn one_sequence_and_nothing_else() {
        let long = |len: u8| [vec![0x30, 0x82, 1, len], vec![0; 0x103]].concat();
        let is_one = |input: &[u8]| sequence(input).is_some();
        assert!(is_one(&[0x30, 0]));
        assert!(is_one(&[0x30, 2, 5, 0]));
        assert!(is_one(&[&[0x30, 0x81, 0x80], [0; 0x80].as_slice()].concat()));
        assert!(is_one(&long(3)));
        for other in [&[][..], &[0x30], &[0x31, 0], &[0x30, 1], &[0x30, 0, 0], &[0x30, 0x80, 0, 0]]
        {
            assert!(!is_one(other), "{other:?}");
        }
        assert!(!is_one(&[0x30, 0x82, 1]));
        assert!(!is_one(&[0x30, 0x83, 0, 0, 0]));
        assert!(!is_one(&long(2)));
        assert!(!is_one(&long(4)));
    }
}
