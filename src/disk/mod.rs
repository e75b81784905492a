//! The last room: artifacts against the working tree.
