//! Who of those that run the image of a hand-written Dockerfile runs what that says: the service that it was written for,
//! and no other process that its kind, or its options, make another command of.

use super::member::{Frame, Member};
use crate::kinds::{Kind, Words};

/// Whether the image of its hand-written Dockerfile has the command of this service in it.
pub(super) fn is_in_image(frame: &Frame<'_>, member: &Member<'_>) -> bool {
    if member.service.dockerfile.is_none() {
        return false;
    }
    let Some(kind) = member.kind else { return true };
    // A kind that is built on another one is another process of it, by what it is.
    if kind.built_on.is_some() {
        return false;
    }
    let mut base = member;
    // A chain of them has an end: a circle is told before.
    for _ in 0..frame.members.len() + frame.absent.len() {
        match base.service.extends.as_deref().and_then(|name| frame.anywhere(name)) {
            Some(other) => base = other,
            None => break,
        }
    }
    options(kind).all(|name| member.option(&name) == base.option(&name))
}

/// The options that the commands of a kind are made of.
fn options(kind: &Kind) -> impl Iterator<Item = String> + '_ {
    let commands = kind.command.iter().chain(&kind.argument);
    let words = commands.flat_map(|command| match &command.run {
        Words::Text(text) => std::slice::from_ref(text).iter(),
        Words::Words(words) => words.iter(),
    });
    let named = words.filter_map(|word| word.split_once("${service.")?.1.split_once('}')).map(|(name, _)| name);
    named.filter(|name| kind.options.contains_key(*name)).map(str::to_owned)
}
