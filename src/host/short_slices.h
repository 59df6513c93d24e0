#pragma once

namespace berth::host {

// Asks the kernel to let this thread, and those that it starts from here on, run soon after they
// wake rather than long at a time: for a server whose answers somebody waits for, on a busy
// machine. Linux 6.12 and later; others have no such wish and go on as before. Needs no right.
// Source: sched_setattr(2), sched_runtime of SCHED_OTHER; Linux,
// Documentation/scheduler/sched-eevdf.rst. Returns whether the kernel took it.
bool prefer_short_slices();

}  // namespace berth::host
