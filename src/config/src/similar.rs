//! Did you mean: the known word that is nearest to an unknown one.

/// The known word that `unknown` is most likely a slip of; none where no word is near.
pub(crate) fn similar<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance_max = unknown.chars().count().max(3) / 3;
    let near = known.into_iter().map(|word| (distance(unknown, word), word));
    near.filter(|(distance, _)| *distance <= distance_max).min().map(|(_, word)| word)
}

/// `a`, `b` or `c`: words for a person to choose from.
pub(crate) fn choices<'a>(words: impl IntoIterator<Item = &'a str>, last_joined_by: &str) -> String {
    let quoted: Vec<_> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} {last_joined_by} {last}", most.join(", ")),
    }
}

/// How many letters must be added, dropped, replaced or swapped with their neighbor (optimal string alignment).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    let mut last = None;
    for (line, letter) in one.chars().enumerate() {
        let mut next = vec![line + 1];
        let mut left = line + 1;
        for (column, &with) in other.iter().enumerate() {
            let cell = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX / 2);
            let mut least =
                (cell(&row, column) + usize::from(letter != with)).min(left + 1).min(cell(&row, column + 1) + 1);
            let swapped = column > 0 && last == Some(with) && other.get(column - 1) == Some(&letter);
            if swapped {
                least = least.min(cell(&before, column - 1) + 1);
            }
            next.push(least);
            left = least;
        }
        before = std::mem::replace(&mut row, next);
        last = Some(letter);
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word() {
        let known = ["listen", "public_url", "workers", "tls"];
        for (slip, word) in
            [("lisen", "listen"), ("publicurl", "public_url"), ("wrokers", "workers"), ("tsl", "tls"), ("TLS", "")]
        {
            assert_eq!(similar(slip, known).unwrap_or(""), word, "{slip}");
        }
        assert_eq!(similar("certificate", known), None);
    }

    #[test]
    fn a_distance_counts_single_slips() {
        for (one, other, distance_wanted) in [("", "ab", 2), ("ab", "ab", 0), ("ab", "ba", 1), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(one, other), distance_wanted);
        }
    }
}
