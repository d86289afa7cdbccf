//! Which part of an object may be asked for: one whose ends its caller cannot choose, so that it cannot be laid through a secret.

use http::{HeaderMap, header};

use crate::{aws::AwsRanges, denial::Denial};

/// Where a part may begin and end. SDKs download in parts of 5 MiB, 8 MiB and more.
const GRID_BYTES: u64 = 1024 * 1024;

/// Refuses a range that does not go on, and what could move a secret onto the line between two ranges.
pub(super) fn check(accepted: AwsRanges, operation: &str, headers: &HeaderMap) -> Result<(), Denial> {
    let mut values = headers.get_all(header::RANGE).iter();
    let Some(value) = values.next() else {
        // A copy behind bytes of the caller's choice shifts what is copied.
        let shifts = accepted == AwsRanges::WholeMebibytes && operation == "UploadPartCopy";
        return if shifts { Err(Denial::UnknownOperation) } else { Ok(()) };
    };
    let is_on_the_grid = value.to_str().is_ok_and(is_on_the_grid) && values.next().is_none();
    match accepted {
        AwsRanges::WholeMebibytes if operation == "GetObject" && is_on_the_grid => Ok(()),
        AwsRanges::WholeMebibytes | AwsRanges::None => Err(Denial::AwsRange),
    }
}

/// One range that begins at a multiple of the grid, and ends before one or with the object (RFC 9110, section 14.1.2).
fn is_on_the_grid(text: &str) -> bool {
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else { return false };
    let number = |digits: &str| {
        let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse::<u64>().ok().filter(|_| is_number)
    };
    let begins = number(first).is_some_and(|first| first.is_multiple_of(GRID_BYTES));
    let ends = last.is_empty() || number(last).is_some_and(|last| last % GRID_BYTES == GRID_BYTES - 1);
    begins && ends
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(accepted: AwsRanges, operation: &str, ranges: &[&str]) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        for range in ranges {
            headers.append(header::RANGE, range.parse().unwrap());
        }
        check(accepted, operation, &headers).err().map(|denial| denial.told().error)
    }

    #[test]
    fn a_range_begins_and_ends_at_whole_mebibytes() {
        for range in [
            "bytes=0-1048575",
            "bytes=0-8388607",
            "bytes=8388608-16777215",
            "bytes=16777216-",
            "bytes=5242880-10485759",
        ] {
            assert_eq!(refused(AwsRanges::WholeMebibytes, "GetObject", &[range]), None, "{range}");
            assert_eq!(refused(AwsRanges::None, "GetObject", &[range]), Some("range_refused"), "{range}");
        }
        for range in [
            "bytes=0-1048576",
            "bytes=0-15",
            "bytes=16-1048575",
            "bytes=1-",
            "bytes=-1048576",
            "bytes=-",
            "bytes=0",
            "bytes=+0-1048575",
            "bytes=0-1048575,1048576-2097151",
            "bytes=0-1048575, 9-",
            "bytes= 0-1048575",
            "Bytes=0-1048575",
            "mebibytes=0-1",
            "bytes=0-99999999999999999999",
            "",
        ] {
            assert_eq!(refused(AwsRanges::WholeMebibytes, "GetObject", &[range]), Some("range_refused"), "{range}");
        }
        let two = ["bytes=0-1048575", "bytes=0-"];
        assert_eq!(refused(AwsRanges::WholeMebibytes, "GetObject", &two), Some("range_refused"));
        assert_eq!(refused(AwsRanges::WholeMebibytes, "HeadObject", &["bytes=0-"]), Some("range_refused"));
    }

    #[test]
    fn where_there_are_ranges_nothing_is_shifted() {
        assert_eq!(refused(AwsRanges::WholeMebibytes, "UploadPartCopy", &[]), Some("unknown_operation"));
        assert_eq!(refused(AwsRanges::None, "UploadPartCopy", &[]), None);
        assert_eq!(refused(AwsRanges::WholeMebibytes, "CopyObject", &[]), None);
    }
}
