//! Dockerfiles that people write, and files beside them.

use super::Operator;

pub(super) const OPERATORS: &[Operator] = &[];
