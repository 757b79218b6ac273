//! ERC-7730 descriptors: words for people beside the lines of a preview.
//!
//! A descriptor is a file of somebody's, about the calls of one contract or the typed data of one
//! domain. Its words stand beside what we decode ourselves and never instead of it: they are in no
//! canonical form and no rule sees them. Text in, words out; whoever has a folder of descriptors reads
//! the files. Supported is what one file says by itself: `includes` and ABIs by URL are not followed.

mod arguments;
mod format;
mod parse;
mod path;
mod signature;
mod words;

use alloy::{
    json_abi::Function,
    primitives::{Address, FixedBytes},
};
use serde_json::Value;

pub use words::{WordedField, Words};

use crate::{ChainId, ParseError, PreviewCall, TypedData, TypedValue};

/// No descriptor is longer.
const MAX_TEXT: usize = 512 * 1024;
/// The most descriptors in one set.
const MAX_DESCRIPTORS: usize = 4096;

/// A set of descriptors.
#[derive(Clone, Debug, Default)]
pub struct Descriptors {
    all: Vec<Descriptor>,
}

/// One file.
#[derive(Clone, Debug)]
struct Descriptor {
    subject: Subject,
    formats: Vec<Format>,
    /// `metadata` and `display.definitions`, where references point.
    root: Value,
}

/// What a file is about.
#[derive(Clone, Debug)]
enum Subject {
    Contract { deployments: Vec<(ChainId, Address)> },
    Domain { deployments: Vec<(ChainId, Address)>, name: Option<String>, version: Option<String> },
}

/// The words for one function or one type.
#[derive(Clone, Debug)]
struct Format {
    key: Key,
    intent: String,
    fields: Vec<Value>,
}

/// Which function or type it is for.
#[derive(Clone, Debug)]
enum Key {
    Function(Box<Function>),
    Type(String),
}

/// What a path may start from besides the arguments.
#[derive(Clone, Copy, Debug)]
struct Container<'a> {
    from: Option<Address>,
    to: Option<Address>,
    value: Option<&'a TypedValue>,
}

impl Descriptors {
    /// A set without descriptors.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many descriptors there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Adds a descriptor from its JSON text. A format in it that we cannot use is left out.
    ///
    /// # Errors
    /// Names the field that is wrong; the set stays as it was.
    pub fn add(&mut self, text: &str) -> Result<(), ParseError> {
        if self.all.len() >= MAX_DESCRIPTORS {
            let problem = crate::Problem::TooMany { max: MAX_DESCRIPTORS };
            return Err(ParseError::new("descriptor", problem));
        }
        self.all.push(parse::descriptor(text)?);
        Ok(())
    }

    /// Words for one call, by its chain, its target and its function. The first descriptor that has
    /// some, in the order in which they were added.
    pub fn call(&self, chain: ChainId, call: &PreviewCall) -> Option<Words> {
        let selector = call.selector()?;
        let about = |d: &&Descriptor| d.subject.is_contract(chain, call.to);
        self.all.iter().filter(about).find_map(|descriptor| {
            let (format, function) = descriptor.function(selector)?;
            let arguments = arguments::decode(function, &call.data)?;
            let value = TypedValue::Number(call.value.to_string());
            let (from, to) = (Some(call.caller), Some(call.to));
            let container = Container { from, to, value: Some(&value) };
            Some(descriptor.words(format, &arguments, container))
        })
    }

    /// Words for typed data, by its domain and its type.
    pub fn typed_data(&self, data: &TypedData) -> Option<Words> {
        let about = |d: &&Descriptor| d.subject.is_domain(data);
        self.all.iter().filter(about).find_map(|descriptor| {
            let format = descriptor.type_format(data)?;
            let to = data.domain().verifying_contract;
            let container = Container { from: None, to, value: None };
            Some(descriptor.words(format, data.message(), container))
        })
    }
}

impl Descriptor {
    fn function(&self, selector: FixedBytes<4>) -> Option<(&Format, &Function)> {
        self.formats.iter().find_map(|format| match &format.key {
            Key::Function(function) if function.selector() == selector => {
                Some((format, &**function))
            }
            _ => None,
        })
    }

    fn type_format(&self, data: &TypedData) -> Option<&Format> {
        self.formats.iter().find(|format| match &format.key {
            Key::Type(key) => key == data.primary_type() || key == data.encoded_type(),
            Key::Function(_) => false,
        })
    }

    fn words(&self, format: &Format, arguments: &TypedValue, container: Container<'_>) -> Words {
        words::of(self, format, arguments, container)
    }
}

impl Subject {
    fn is_contract(&self, chain: ChainId, to: Address) -> bool {
        match self {
            Self::Contract { deployments } => deployments.contains(&(chain, to)),
            Self::Domain { .. } => false,
        }
    }

    /// Every condition that the file gives holds, and it gives one at least.
    fn is_domain(&self, data: &TypedData) -> bool {
        let Self::Domain { deployments, name, version } = self else { return false };
        let domain = data.domain();
        let place = domain.chain.zip(domain.verifying_contract);
        let fits = |wanted: &Option<String>, is: &Option<String>| wanted.is_none() || wanted == is;
        let deployed = deployments.is_empty() || place.is_some_and(|p| deployments.contains(&p));
        deployed
            && (!deployments.is_empty() || name.is_some())
            && fits(name, &domain.name)
            && fits(version, &domain.version)
    }
}
