//! Words for people beside the lines of a preview, from a local folder of ERC-7730 descriptors.
//!
//! They are whoever wrote the files' and prove nothing. No canonical form has them and no rule sees them: they join the
//! lines that an answer, the audit and `explain` show, after all that we decode ourselves.

use std::path::{Path, PathBuf};

use countersign_userop::{ChainId, Descriptors, ParseError, PreviewCall, Signable};

/// No file of a folder is larger, in bytes.
const MAX_FILE: u64 = 512 * 1024;

/// Why a folder of descriptors cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DescriptorsError {
    /// The folder or a file in it cannot be read.
    #[error("the descriptors at {path} could not be read", path = path.display())]
    Read {
        /// The folder or file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file is larger than any descriptor.
    #[error("the descriptor {path} has more than {MAX_FILE} bytes", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A file is no descriptor.
    #[error("the descriptor {path} cannot be used: {source}", path = path.display())]
    Descriptor {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ParseError,
    },
}

/// Reads every `.json` file of a folder, in the order of their names; without a folder there are no words.
///
/// # Errors
/// [`DescriptorsError`] names the file. One bad file spoils the folder: who put it there meant something by it.
pub(crate) fn load(folder: Option<&Path>) -> Result<Descriptors, DescriptorsError> {
    let mut descriptors = Descriptors::new();
    let Some(folder) = folder else { return Ok(descriptors) };
    for path in files(folder)? {
        let failed = |source| DescriptorsError::Read { path: path.clone(), source };
        if std::fs::metadata(&path).map_err(failed)?.len() > MAX_FILE {
            return Err(DescriptorsError::TooLarge { path });
        }
        let text = std::fs::read_to_string(&path).map_err(failed)?;
        descriptors
            .add(&text)
            .map_err(|source| DescriptorsError::Descriptor { path: path.clone(), source })?;
    }
    tracing::info!(folder = %folder.display(), files = descriptors.len(), "descriptors add words");
    Ok(descriptors)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, DescriptorsError> {
    let failed = |source| DescriptorsError::Read { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Words for calls, each under the number that its line in the preview has.
pub(crate) fn of_calls(
    descriptors: &Descriptors,
    chain: ChainId,
    calls: &[PreviewCall],
) -> Vec<String> {
    let mut lines = Vec::new();
    add_calls(descriptors, chain, calls, "", &mut lines);
    lines
}

fn add_calls(
    descriptors: &Descriptors,
    chain: ChainId,
    calls: &[PreviewCall],
    within: &str,
    lines: &mut Vec<String>,
) {
    for (number, call) in (1_usize..).zip(calls) {
        let number = format!("{within}{number}");
        if let Some(words) = descriptors.call(chain, call) {
            lines
                .extend(words.lines().into_iter().map(|line| format!("words on {number}: {line}")));
        }
        add_calls(descriptors, chain, &call.inner, &format!("{number}."), lines);
    }
}

/// Words for what stands alone.
pub(crate) fn of_signable(descriptors: &Descriptors, signable: &Signable) -> Vec<String> {
    match signable {
        Signable::TypedData(data) => {
            let words = descriptors.typed_data(data).map(|words| words.lines());
            words.into_iter().flatten().map(|line| format!("words: {line}")).collect()
        }
        Signable::Transaction(one) => of_calls(descriptors, one.chain, one.call().as_slice()),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{
        "context": { "contract": { "deployments": [
            { "chainId": 10, "address": "0x6060606060606060606060606060606060606060" }
        ] } },
        "metadata": {}, "display": { "formats": {} }
    }"#;

    #[test]
    fn a_folder_is_read_whole_and_other_files_are_let_alone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.json"), GOOD).unwrap();
        std::fs::write(folder.path().join("b.json"), GOOD).unwrap();
        std::fs::write(folder.path().join("README"), "words").unwrap();
        assert_eq!(load(Some(folder.path())).unwrap().len(), 2);
        assert!(load(None).unwrap().is_empty());
    }

    #[test]
    fn a_bad_file_is_named_and_so_is_a_folder_that_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.json"), GOOD).unwrap();
        std::fs::write(folder.path().join("bad.json"), "{}").unwrap();
        let error = load(Some(folder.path())).unwrap_err();
        assert!(matches!(error, DescriptorsError::Descriptor { .. }), "{error}");
        assert!(error.to_string().contains("bad.json"), "{error}");
        std::fs::remove_file(folder.path().join("bad.json")).unwrap();
        let large = folder.path().join("large.json");
        std::fs::write(&large, vec![b' '; 600 * 1024]).unwrap();
        let error = load(Some(folder.path())).unwrap_err();
        assert!(error.to_string().contains("large.json"), "{error}");
        let error = load(Some(&folder.path().join("nowhere"))).unwrap_err();
        assert!(error.to_string().contains("nowhere"), "{error}");
    }
}
