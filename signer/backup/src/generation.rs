//! Whether files are backups of one generation of one key.

use crate::header::Header;

/// Checks that all files are of one key and one generation: shares of different ones never combine. Each file has
/// the name that errors use.
///
/// # Errors
/// Names the file that is of another key, that is old, or that another ceremony made.
pub fn one_generation<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a Header)>,
) -> Result<(), MixError> {
    let files: Vec<_> = files.into_iter().collect();
    let Some((newest_file, newest)) = files.iter().max_by_key(|(_, header)| header.epoch) else {
        return Ok(());
    };
    for (file, header) in &files {
        let file = (*file).to_owned();
        let newest_file = (*newest_file).to_owned();
        if header.key != newest.key {
            let (key, newest) = (header.key.clone(), newest.key.clone());
            return Err(MixError::Key { file, key, newest_file, newest });
        }
        if header.epoch != newest.epoch {
            let (epoch, newest) = (header.epoch, newest.epoch);
            return Err(MixError::Old { file, epoch, newest_file, newest });
        }
        if header.transcript != newest.transcript || header.threshold != newest.threshold {
            return Err(MixError::Ceremony { file, newest_file });
        }
    }
    Ok(())
}

/// Why files do not go together.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MixError {
    /// Different keys.
    #[error("{file} is of the key {key}, but {newest_file} is of {newest}; give files of one key")]
    Key {
        /// One file.
        file: String,
        /// Its key.
        key: String,
        /// Another file.
        newest_file: String,
        /// Its key.
        newest: String,
    },
    /// An old generation.
    #[error(
        "{file} is old: it is of epoch {epoch}, and {newest_file} is of epoch {newest}; shares of different epochs never combine"
    )]
    Old {
        /// The old file.
        file: String,
        /// Its epoch.
        epoch: u64,
        /// A file of the newest generation.
        newest_file: String,
        /// Its epoch.
        newest: u64,
    },
    /// Same epoch, different ceremonies.
    #[error(
        "{file} and {newest_file} are of one epoch, but different ceremonies made them; one of them is of an attempt that was given up"
    )]
    Ceremony {
        /// One file.
        file: String,
        /// Another.
        newest_file: String,
    },
}

#[cfg(test)]
mod tests {
    use super::{MixError, one_generation};
    use crate::{Header, Identity, Recipients};

    fn header(key: &str, party: u8, epoch: u64, transcript: u8) -> Header {
        let to = Recipients::new(1, vec![Identity::generate().recipient()]).unwrap();
        let key = key.to_owned();
        Header { key, party, threshold: 2, epoch, transcript: [transcript; 32], to }
    }

    #[test]
    fn files_of_one_generation_go_together() {
        let (a, b) = (header("main", 1, 4, 9), header("main", 2, 4, 9));
        assert_eq!(one_generation([("a", &a), ("b", &b)]), Ok(()));
        assert_eq!(one_generation([]), Ok(()));
    }

    #[test]
    fn of_mixed_epochs_the_old_file_is_named_wherever_it_stands() {
        let (old, new) = (header("main", 1, 3, 8), header("main", 2, 4, 9));
        for files in [
            [("old.backup", &old), ("new.backup", &new)],
            [("new.backup", &new), ("old.backup", &old)],
        ] {
            let error = one_generation(files).unwrap_err();
            assert!(matches!(&error, MixError::Old { epoch: 3, newest: 4, .. }));
            assert!(
                error.to_string().starts_with("old.backup is old: it is of epoch 3"),
                "{error}"
            );
        }
    }

    #[test]
    fn other_keys_and_other_ceremonies_are_told_apart() {
        let files = [header("main", 1, 4, 9), header("side", 2, 4, 9), header("main", 3, 4, 8)];
        let key = one_generation([("a", &files[0]), ("b", &files[1])]).unwrap_err();
        assert!(matches!(key, MixError::Key { .. }), "{key}");
        let ceremony = one_generation([("a", &files[0]), ("c", &files[2])]).unwrap_err();
        assert!(matches!(ceremony, MixError::Ceremony { .. }), "{ceremony}");
        let mut another = files[0].clone();
        another.threshold = 3;
        assert!(one_generation([("a", &files[0]), ("d", &another)]).is_err());
    }
}
