//! The formats in which a report is printed: one file each.
