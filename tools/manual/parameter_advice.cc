// SPDX-License-Identifier: Apache-2.0
#include "tools/manual/parameter_advice.h"

namespace schedd::manual {
namespace {

constexpr ParameterAdvice kAdvices[] = {
    {
        .field_path = "base_slice",
        .meaning = "Beyond one waiting task a CPU slices shrink in proportion, so that a round "
                   "takes about as long, but never below `min_slice`. A decision is also good for "
                   "this much CPU time: a task that sleeps before it has used it up needs no new "
                   "one when it wakes.",
        .raise = "Work that only wants throughput (builds, batch jobs): fewer switches, warmer "
                 "caches, fewer decisions. A task that does not preempt waits longer for its turn.",
        .lower = "Many tasks that answer somebody share CPUs with others, and their waits are too "
                 "long. Costs switches, and CPU time of the scheduling thread.",
        .look_at = "`wakeup_latency_p99_nanos` and `wait_time_nanos` of the tasks; "
                   "`decision_count` and `scheduling_cpu_duration` of the scheduler.",
        .rules = "`min_slice` ≤ `base_slice` ≤ `max_slice`.",
        .situation = "A build machine, on which nobody waits for an answer:",
        .example = "schedctl policy set base_slice=30ms --reason \"builds only\"",
    },
    {
        .field_path = "min_slice",
        .meaning = "It bounds slices from below, also those of overrides. After a task that woke "
                   "has taken a CPU from another one, the next one may take that CPU only so much "
                   "later; until then it waits for a timer tick or the end of a slice. A turn "
                   "shorter than this does not end a task's wait as far as `starvation_bound` is "
                   "concerned.",
        .raise = "Tasks preempt one another all the time (messages between many threads) and the "
                 "machine switches more than it works. The shortest wakeup delay beside busy tasks "
                 "grows with it.",
        .lower = "Wakeup delays beside busy tasks are what counts, and come in multiples of the "
                 "present value. A slice ends at a timer tick (1 to 10 ms apart), so below a tick "
                 "only preemption changes.",
        .look_at = "`wakeup_latency_max_nanos` and `involuntary_switch_count` of the tasks; "
                   "`preemption_count` of the scheduler.",
        .rules = "`min_slice` ≤ `base_slice`.",
        .situation = "An audio server misses its deadlines beside compilers:",
        .example = "schedctl policy set min_slice=500us wakeup_preempt_margin=500us",
    },
    {
        .field_path = "max_slice",
        .meaning = "It cuts the slices of overrides (`schedctl task boost --slice`). With a late "
                   "tick it is also the most that a task is charged for CPU time that nobody else "
                   "wanted, so it bounds how long a task that had a CPU for itself waits for those "
                   "that come.",
        .raise = "An override is to get a longer slice than it allows.",
        .lower = "A lower `starvation_bound` is wanted, which must be twice as long at least.",
        .look_at = "`slice_nanos` of the tasks.",
        .rules = "`base_slice` ≤ `max_slice` ≤ half of `starvation_bound`.",
        .situation = "One batch job gets slices of 80 ms:",
        .example = "schedctl policy set max_slice=80ms\n"
                   "schedctl task boost --comm batch --slice 80ms",
    },
    {
        .field_path = "sleeper_credit",
        .meaning = "A task that wakes stands before those that ran meanwhile by what its queue did "
                   "while it slept, and by this much at most (of a task of weight 100). It also "
                   "bounds the bonus for those that were awake only a short time.",
        .raise = "Interactive tasks that sleep for long still wait behind busy ones. What they "
                 "gain, busy tasks wait.",
        .lower = "Tasks that sleep and wake often crowd out busy ones. With 0 a woken task has no "
                 "claim from its sleep: wakeup delays beside busy tasks grow about tenfold.",
        .look_at = "`wakeup_latency_mean_nanos` of those that sleep, `wait_time_nanos` of those "
                   "that do not; `lag_nanos`.",
        .rules = "",
        .situation = "A database beside batch jobs, each query a short burst after a sleep:",
        .example = "schedctl policy set sleeper_credit=40ms",
    },
    {
        .field_path = "starvation_bound",
        .meaning = "The last resort, not a target: a task that waited so long goes before all "
                   "others, whatever its weight. In an overload, when one round of all that wait "
                   "takes longer, the round counts instead (2 s at most).",
        .raise = "`urgent_decision_count` grows all the time on a machine that is meant to be "
                 "overloaded: weights then count for less than the order of arrival.",
        .lower = "Tasks of low weight must get a turn more often, at the expense of the order by "
                 "weight.",
        .look_at = "`urgent_decision_count` of the scheduler, which should stand still; "
                   "`wait_time_nanos` of the tasks of low weight.",
        .rules = "At least twice `max_slice`, at least `decision_budget`, at most half of the "
                 "kernel's watchdog timeout (`schedd --watchdog-timeout`, 5 s unless set).",
        .situation = "Background work with weight 1 is to get a turn within 200 ms:",
        .example = "schedctl policy set starvation_bound=200ms",
    },
    {
        .field_path = "wakeup_preempt_margin",
        .meaning = "It compares deadlines in virtual time. The dispatcher goes by it as well, "
                   "before a decision is there.",
        .raise = "Too many preemptions: a pipeline of threads that wake each other runs slower "
                 "than one by one. Woken tasks wait for the end of a slice more often.",
        .lower = "Wakeup delays beside busy tasks are too long although `min_slice` is short. With "
                 "0 any earlier deadline preempts.",
        .look_at = "`preemption_count` of the scheduler, `involuntary_switch_count` and "
                   "`wakeup_latency_p99_nanos` of the tasks.",
        .rules = "",
        .situation = "A message broker whose threads interrupt each other:",
        .example = "schedctl policy set wakeup_preempt_margin=8ms",
    },
    {
        .field_path = "decision_budget",
        .meaning = "It guards against a scheduling thread that hangs or gets no CPU. Tasks then "
                   "run by the deadlines of their last decisions, fairly, but without preemption "
                   "of the policy's choice and without new weights.",
        .raise = "`degraded_duration` grows although schedd is healthy: in a virtual machine whose "
                 "CPUs are taken away for long, for example.",
        .lower = "Tasks must not wait even this long for a decision that does not come.",
        .look_at = "`degraded_duration`, `withheld_event_count` of the scheduler.",
        .rules = "At most `starvation_bound`.",
        .situation = "A virtual machine on a crowded host:",
        .example = "schedctl policy set decision_budget=100ms",
    },
    {
        .field_path = "dispatch_batch_count",
        .meaning = "Decisions of one pass go to the kernel in one system call. A quarter of the "
                   "decision ring is the most, so that a batch never waits for the one before.",
        .raise = "Thousands of tasks become runnable at once, and the scheduling thread uses much "
                 "CPU time for system calls.",
        .lower = "The first decision of a burst comes too late because it waits for the last one. "
                 "Costs system calls.",
        .look_at = "`pass_count` against `decision_count`, `delayed_batch_count`, "
                   "`scheduling_cpu_duration` of the scheduler.",
        .rules = "",
        .situation = "A machine with 256 CPUs and bursts of work:",
        .example = "schedctl policy set dispatch_batch_count=1024",
    },
    {
        .field_path = "placement_mode",
        .meaning = "`idle-bypass`: a task that finds an idle CPU runs there at once, by the slice "
                   "of its last decision, and the policy hears of it later. `all-decisions`: each "
                   "wakeup is an event and waits for its decision unless a CPU takes it before.",
        .raise = "`all-decisions` where a tuner or a test must see each wakeup decided.",
        .lower = "`idle-bypass` everywhere else: on a machine with idle CPUs a decision adds some "
                 "microseconds to each wakeup and changes nothing.",
        .look_at = "`idle_run_count`, `event_count` and `decision_latency_p50_nanos` of the "
                   "scheduler.",
        .rules = "",
        .situation = "To measure decisions, and back:",
        .example = "schedctl policy set placement_mode=all-decisions\n"
                   "schedctl policy set placement_mode=default",
    },
};

}  // namespace

std::span<const ParameterAdvice> ParameterAdvices() { return kAdvices; }

}  // namespace schedd::manual
