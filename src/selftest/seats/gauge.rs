//! What a process uses, as the kernel tells it in `/proc` (proc(5)); nothing where there is no `/proc`.

use std::fs::read_to_string;

/// Tells for how many seconds a process has computed so far, in the program and in the system for it.
pub(super) fn computed(process: u32) -> Option<f64> {
    let text = read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is the program's name in brackets, which may hold anything.
    let rest = text.rsplit_once(") ")?.1;
    let mut fields = rest.split(' ').skip(11).map(str::parse::<u64>);
    let (user, system) = (fields.next()?.ok()?, fields.next()?.ok()?);
    Some((user + system) as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// Tells the memory in which a process resides, in MB (10⁶ bytes): shared pages count in full, so all together have less.
pub(super) fn resides(process: u32) -> Option<f64> {
    let text = read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_computes_and_resides() {
        let own = std::process::id();
        if !std::path::Path::new("/proc/self/stat").exists() {
            return;
        }
        let before = computed(own).expect("is told");
        while computed(own).expect("is told") <= before {}
        assert!(resides(own).expect("is told") > 1.0);
        assert_eq!((computed(u32::MAX), resides(u32::MAX)), (None, None));
    }
}
