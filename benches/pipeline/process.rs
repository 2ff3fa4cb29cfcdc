//! What Linux says of a process: its time on a processor and its memory.

use std::time::Duration;

/// Time on a processor so far, of all threads, ended ones too; in steps of 10 ms.
pub fn cpu(pid: &str) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // The name in brackets may hold anything.
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks: u64 = fields.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
    // USER_HZ is 100 on every architecture that Linux runs on today.
    Duration::from_millis(ticks * 10)
}

/// A figure of `/proc/PID/status`, bytes: `RssAnon`, `VmRSS`, `VmHWM`.
pub fn memory(pid: &str, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// Lets the highest `VmHWM` begin anew (proc(5), `clear_refs`).
pub fn forget_peak(pid: &str) {
    std::fs::write(format!("/proc/{pid}/clear_refs"), "5").unwrap();
}
