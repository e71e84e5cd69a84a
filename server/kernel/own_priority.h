// SPDX-License-Identifier: Apache-2.0
//
// The daemon's nice value under the kernel's own scheduling class.
#ifndef SCHEDD_SERVER_KERNEL_OWN_PRIORITY_H_
#define SCHEDD_SERVER_KERNEL_OWN_PRIORITY_H_

namespace schedd {

// Makes the nice values of this process's threads count in the kernel's fair class again. A nice
// value that is set while a sched_ext scheduler has the task does not reach the weight by which the
// fair class schedules it afterwards (seen on 6.12 and 7.3): a daemon that raised itself while it
// adopted a dispatcher would be as slow as any other task once it has detached, and to load the
// next dispatcher takes seconds of CPU time. Each value is set to its neighbour and back, because
// the kernel ignores one that does not change.
// While attached it changes nothing, nor without CAP_SYS_NICE, but that a thread of nice -20 has
// -19 then. Any thread.
void RenewNiceValues();

}  // namespace schedd

#endif  // SCHEDD_SERVER_KERNEL_OWN_PRIORITY_H_
