/// The known name that was most likely meant, if any is near: at most a third of its letters differ.
pub(super) fn nearest<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Anything longer than any key could be is no slip of the finger, and the distance is quadratic.
    if written.len() > 64 {
        return None;
    }
    known
        .map(|name| (distance(written, name), name))
        .filter(|(distance, name)| distance * 3 <= name.len().max(3))
        .min()
        .map(|(_, name)| name)
}

/// Optimal string alignment: insertions, deletions, changes and swaps of neighbours.
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut rows = vec![vec![0; right.len() + 1]; left.len() + 1];
    for at in 0..=left.len() {
        rows[at][0] = at;
    }
    rows[0] = (0..=right.len()).collect();
    for row in 1..=left.len() {
        for column in 1..=right.len() {
            let same = left[row - 1] == right[column - 1];
            let mut best = (rows[row - 1][column - 1] + usize::from(!same))
                .min(rows[row - 1][column] + 1)
                .min(rows[row][column - 1] + 1);
            let swapped =
                row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1];
            if swapped {
                best = best.min(rows[row - 2][column - 2] + 1);
            }
            rows[row][column] = best;
        }
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_finger_are_recognised_and_strangers_are_not() {
        let known = ["listen", "admin_listen", "data_dir", "id"];
        let near = |written| nearest(written, known.into_iter());
        assert_eq!(near("lisen"), Some("listen"));
        assert_eq!(near("lsiten"), Some("listen"));
        assert_eq!(near("datadir"), Some("data_dir"));
        assert_eq!(near("admin-listen"), Some("admin_listen"));
        assert_eq!(near("colour"), None);
        assert_eq!(near(""), None);
        assert_eq!(near(&"l".repeat(1000)), None);
    }
}
