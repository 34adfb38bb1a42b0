/// The known name that `name` was most likely meant to be: at most two letters (a third of the name, where that is
/// less) inserted, left out, changed or swapped, and nothing where no known name is as near.
pub fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    // Names are short; a long one is none of ours, and is not worth the square of its length.
    if name.len() > 64 {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let allowed = 2.min(name.chars().count().div_ceil(3));
    let with_distance = known.iter().map(|candidate| (distance(&name, candidate), *candidate));
    with_distance.min().filter(|(distance, _)| *distance <= allowed).map(|(_, candidate)| candidate)
}

/// Damerau's distance, optimal string alignment.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let width = right.len() + 1;
    let mut table: Vec<usize> = vec![0; (left.len() + 1) * width];
    for row in 0..=left.len() {
        for column in 0..width {
            table[row * width + column] = if row == 0 || column == 0 {
                row + column
            } else {
                let at = |row: usize, column: usize| table[row * width + column];
                let same = left[row - 1] == right[column - 1];
                let swapped =
                    row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1];
                let changed = at(row - 1, column - 1) + usize::from(!same);
                let stepped = 1 + at(row - 1, column).min(at(row, column - 1));
                let turned = if swapped { at(row - 2, column - 2) + 1 } else { usize::MAX };
                changed.min(stepped).min(turned)
            };
        }
    }
    table.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_understood_and_strangers_are_not() {
        let known = ["reason", "by", "until", "ref", "confirm"];
        assert_eq!(nearest("untill", &known), Some("until"));
        assert_eq!(nearest("unitl", &known), Some("until"));
        assert_eq!(nearest("Reason", &known), Some("reason"));
        assert_eq!(nearest("confrim", &known), Some("confirm"));
        assert_eq!(nearest("owner", &known), None);
        assert_eq!(nearest("", &known), None);
    }
}
