//! The struct types that a message reaches, checked so that hashing them is cheap and unambiguous.

mod kind;

use std::collections::BTreeMap;

use alloy::dyn_abi::{
    Error,
    eip712::{PropertyDef, Resolver, TypeDef},
};
use serde_json::{Map, Value, json};

pub(super) use kind::{Kind, struct_name};

use super::TypedDomain;
use crate::{ParseError, Problem, fields::Fields};

/// The most struct types, and the most members of each.
const MAX_TYPES: usize = 64;
/// How deep structs lie within structs.
const MAX_DEPTH: usize = 8;
/// The most members when every struct is written out where it is used.
const MAX_UNFOLDED: usize = 1024;

/// One member of a struct type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) type_name: String,
    pub(super) kind: Kind,
}

/// The types that the message needs, and no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Types {
    structs: BTreeMap<String, Vec<Member>>,
}

impl Types {
    /// Reads what `primary` reaches; what it does not reach is not hashed, nor looked at.
    pub(super) fn read(declared: &Value, primary: &str) -> Result<Self, ParseError> {
        let error = |problem| ParseError::new("types", problem);
        let declared = declared
            .as_object()
            .ok_or_else(|| error(Problem::WrongType { expected: "an object" }))?;
        if declared.len() > MAX_TYPES + 1 {
            return Err(error(Problem::TooMany { max: MAX_TYPES }));
        }
        let mut types = Self { structs: BTreeMap::new() };
        let mut wanted = vec![primary.to_owned()];
        while let Some(name) = wanted.pop() {
            if types.structs.contains_key(&name) {
                continue;
            }
            let members = read_struct(declared, &name)?;
            wanted.extend(members.iter().filter_map(|m| m.kind.struct_name()).map(str::to_owned));
            types.structs.insert(name, members);
        }
        types.unfolded(primary, MAX_DEPTH, &mut BTreeMap::new())?;
        Ok(types)
    }

    /// The members of a struct type.
    pub(super) fn members(&self, name: &str) -> &[Member] {
        self.structs.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The names of all of them.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.structs.keys().map(String::as_str)
    }

    /// Whether a struct type has these members, as `type name`, and perhaps more after them.
    pub(super) fn begins_with(&self, name: &str, members: &[&str]) -> bool {
        let own = self.members(name);
        own.len() >= members.len()
            && own
                .iter()
                .zip(members)
                .all(|(own, wanted)| format!("{} {}", own.type_name, own.name) == *wanted)
    }

    /// Whether a struct type has these members, as `type name`, and no other.
    pub(super) fn is(&self, name: &str, members: &[&str]) -> bool {
        self.members(name).len() == members.len() && self.begins_with(name, members)
    }

    /// The types as the library wants them.
    pub(super) fn resolver(&self) -> Result<Resolver, Error> {
        let mut resolver = Resolver::default();
        for (name, members) in &self.structs {
            let properties = members.iter().map(|m| PropertyDef::new(&*m.type_name, &*m.name));
            resolver.ingest(TypeDef::new(name.as_str(), properties.collect::<Result<_, _>>()?)?);
        }
        Ok(resolver)
    }

    /// The types as JSON, the domain's among them.
    pub(super) fn json(&self, domain: &TypedDomain) -> Value {
        let member = |m: &Member| json!({ "name": m.name, "type": m.type_name });
        let structs = self.structs.iter();
        let mut object: Map<_, _> =
            structs.map(|(name, all)| (name.clone(), all.iter().map(member).collect())).collect();
        object.insert("EIP712Domain".to_owned(), domain.declared());
        Value::Object(object)
    }

    /// How many members a struct has when all are written out; fails if it would contain itself.
    fn unfolded<'a>(
        &'a self,
        name: &'a str,
        depth: usize,
        known: &mut BTreeMap<&'a str, usize>,
    ) -> Result<usize, ParseError> {
        if let Some(known) = known.get(name) {
            return Ok(*known);
        }
        let why = Problem::Invalid("nest too deep, or within themselves, or unfold to too much");
        let Some(depth) = depth.checked_sub(1) else { return Err(ParseError::new("types", why)) };
        let mut total = 0_usize;
        for member in self.members(name) {
            let inner = match member.kind.struct_name() {
                Some(inner) => self.unfolded(inner, depth, known)?,
                None => 0,
            };
            total = total.saturating_add(1).saturating_add(inner);
        }
        if total > MAX_UNFOLDED {
            return Err(ParseError::new("types", why));
        }
        known.insert(name, total);
        Ok(total)
    }
}

fn read_struct(declared: &Map<String, Value>, name: &str) -> Result<Vec<Member>, ParseError> {
    let error = |problem| ParseError::new(format!("types.{name}"), problem);
    let members = declared.get(name).ok_or_else(|| error(Problem::Missing))?;
    let members =
        members.as_array().ok_or_else(|| error(Problem::WrongType { expected: "an array" }))?;
    if members.len() > MAX_TYPES {
        return Err(error(Problem::TooMany { max: MAX_TYPES }));
    }
    let mut read: Vec<Member> = Vec::new();
    for member in members {
        let member = read_member(member).map_err(|e| e.inside(&format!("types.{name}")))?;
        if read.iter().any(|other| other.name == member.name) {
            return Err(error(Problem::Invalid("has two members of one name")));
        }
        read.push(member);
    }
    Ok(read)
}

fn read_member(json: &Value) -> Result<Member, ParseError> {
    let mut fields = Fields::of(json, "member")?;
    let name = fields.required("name", kind::member_name)?;
    let type_name = fields.required("type", kind::text)?;
    fields.finish()?;
    let kind = Kind::parse(&type_name).map_err(|problem| ParseError::new("type", problem))?;
    Ok(Member { name, type_name, kind })
}
