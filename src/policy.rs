//! load(dir) → Policy or complaints.
