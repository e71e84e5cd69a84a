# SPDX-License-Identifier: Apache-2.0
"""The deliberate bugs: what stands where, what to put there instead, and the test that must notice."""

import typing


class Mutant(typing.NamedTuple):
    file: str
    before: str  # is there once
    after: str
    target: str  # of Bazel; several, with spaces between
    test: str  # --test_filter


# The whole scheduler on the simulated machine.
SUITE = "//tests/scenarios/... //tests/properties/..."

MUTANTS = [
    # --- how cgroups share ---
    Mutant("server/policy/cgroup_shares.cc", "return heaviest > 0 ? std::max(weight, heaviest) : kDefaultWeight;",
           "return weight > 0 ? weight : kDefaultWeight;", "//tests/unit/policy:cgroup_shares_test", "DivideAmongGroups*"),
    Mutant("server/policy/cgroup_shares.cc", "weight += its_weight * std::min(its_activity, 1.0);", "weight += its_weight;",
           "//tests/unit/policy:cgroup_shares_test", "DivideAmongGroups*"),
    Mutant("server/policy/cgroup_shares.cc", "demands[groups[group].parent].Add(", "demands[0].Add(",
           "//tests/unit/policy:cgroup_shares_test", "DivideAmongGroups*"),
    Mutant("server/policy/cgroup_shares.cc", "return std::min(wanted, most / range.greatest);", "return wanted;",
           "//tests/unit/policy:cgroup_shares_test", "ChooseWeightScale*"),
    Mutant("server/policy/cgroup_shares.cc", "if (fits && precise && moderate) return now;", "if (fits && precise && moderate && now < 0) return now;",
           "//tests/unit/policy:cgroup_shares_test", "ChooseWeightScale*"),
    Mutant("server/engine/task_table.cc", "? records_[slot].override_weight\n", "? 100.0\n",
           "//tests/unit/engine:task_table_test", "*"),
    Mutant("server/engine/task_table.cc", "weight * shares_->scale", "weight",
           "//tests/unit/engine:task_table_test", "*AnOverrideCountsOnTheWholeMachine"),
    Mutant("server/engine/engine.cc", "if (directive.shares != nullptr) tasks.ExchangeShares(directive.shares);", "",
           "//tests/unit/engine:engine_directive_test", "*SharesOfCgroupsCountFromTheNextWaitOn"),
    Mutant("server/control/directive_outbox.cc",
           "if (later.shares != nullptr) earlier.shares = std::move(later.shares);", "",
           "//tests/unit/control:directive_outbox_test", "*OfSharesThatWaitTheLatestAreSent"),
    Mutant("server/control/cgroup_control.cc", "if (!AreNear(shares, sent_)) Send(std::move(shares));",
           "if (!AreNear(shares, sent_) || true) Send(std::move(shares));", "//tests/unit/control:cgroup_control_test", "*NothingIsSentWithoutGroupsOrChanges"),
    Mutant("server/control/cgroup_control.cc", "  activity_.Reset();\n  sent_ = {};\n", "",
           "//tests/unit/control:cgroup_control_test", "*ANewEngineIsToldAnew"),
    Mutant("server/control/cgroup_control.cc", "(SCHEDD_SLOT_DAEMON | SCHEDD_SLOT_DIRECT)) != 0) continue;",
           "SCHEDD_SLOT_DAEMON) != 0) continue;", "//tests/unit/control:cgroup_control_test", "*TakeNoPart"),
    Mutant("server/control/cgroup_tree.cc", "age >= absl::ZeroDuration() && age < kWeightAge", "age < kWeightAge",
           "//tests/unit/control:cgroup_tree_test", "*"),
    Mutant("server/control/cgroup_tree.cc", "kRememberedLooks < look_", "kRememberedLooks < 0",
           "//tests/unit/control:cgroup_tree_test", "*GroupsWithoutTasksAreForgotten"),
    Mutant("server/control/activity_meter.h", "const bool is_new = entry.key != key;", "const bool is_new = entry.key == 0;",
           "//tests/unit/control:activity_meter_test", "*ANewOwnerOfASlotStartsAfresh"),
    Mutant("server/control/activity_meter.h", "if (entry.activity < kNegligible) entry.activity = 0;", "",
           "//tests/unit/control:activity_meter_test", "*OneThatSleepsComesToNothing"),
    Mutant("server/kernel/host_files.cc", "return std::max(weight, 1);", "return weight;",
           "//tests/unit/kernel:host_files_test", "*AnIdleCgroupHasTheLeastWeight"),
    # --- virtual time ---
    Mutant("server/policy/vruntime.cc", "Window(TermsOf(task), task.was_ordered ? task.placed_weight : kDefaultWeight)",
           "Window(TermsOf(task), kDefaultWeight)",
           "//tests/unit/policy:vruntime_test", "*ALightTaskMovesTheQueueOnlyWhereOthersWaitedForTheCpu"),
    Mutant("server/policy/vruntime.cc", "Window(TermsOf(task), task.was_ordered ? task.placed_weight : kDefaultWeight)",
           "Window(TermsOf(task), kDefaultWeight)",
           "//tests/unit/sim:fairness_scenario_test", "*LightTasksShareByWeight"),
    Mutant("server/policy/vruntime.cc", "if (view.kind == CpuView::Kind::kIdle && !(just_ran", "if (view.kind != CpuView::Kind::kTask && !(just_ran",
           "//tests/unit/policy:vruntime_test", "*ACpuThatJustRunsTheDaemonStillTellsHowFarItsQueueIs"),
    Mutant("server/policy/wait_list.cc", "std::prev(next)->since_ns <= since_ns) return next;", "true) return next;",
           "//tests/unit/policy:vruntime_urgency_test", "*AWaitThatIsToldLateBecomesUrgentAtItsOwnTime"),
    # --- CPUs isolated at boot ---
    Mutant("server/kernel/host_files.cc", 'const std::string start = absl::StrCat(name, "=");', "const std::string start(name);",
           "//tests/unit/kernel:host_files_test", "*ABootArgumentIsTheWholeWord"),
    Mutant("server/control/scheduler_control.cc",
           "if (absl::IsUnimplemented(status)) return WithReason(status, reason::kSchedExtUnsupported);", "",
           "//tests/unit/control:scheduler_control_test", "*AKernelThatAllowsNoSchedulerIsNoFailureOfOurs"),
    Mutant("client/schedctl/doctor.cc", '!absl::c_linear_search(parts, "domain")', "true",
           "//tests/unit/client/schedctl:doctor_test", "*CpusIsolatedByABootArgument"),
    Mutant("client/schedctl/doctor.cc", "!absl::ascii_isdigit(value[0]) && ", "",
           "//tests/unit/client/schedctl:doctor_test", "*CpusIsolatedByABootArgument"),
    # --- locks and descriptors ---
    Mutant("server/base/path_lock.cc", "if (IsStillThere(lock.get(), path)) return lock;",
           "if (IsStillThere(lock.get(), path) || true) return lock;",
           "//tests/unit/base:path_lock_test", "*AFileThatItsHolderRemovedIsOpenedAnew"),
    Mutant("server/base/unique_fd.h", "if (valid()) close(fd_);", "", "//tests/unit/base:path_lock_test", "*"),
    Mutant("server/daemon/app.cc", "if (address.kind != rpc::ListenAddress::Kind::kUnix) continue;\n    const absl::Status made",
           "const absl::Status made", "//tests/unit/daemon:app_test", "*ATcpAddressNeedsNoLock"),
    # --- the control thread and its wakeups ---
    Mutant("server/control/control_thread.cc", "  timers_.erase(entry);\n  due_by_id_.erase(due);",
           "  due_by_id_.erase(due);", "//tests/unit/control:control_thread_test", "*ATimerMayCancelOneThatIsDueToo"),
    Mutant("server/kernel/doorbell.cc", "for (int i = 0; i < count; i++) {",
           "if (count < 0) return Wait(timeout_ns);\n  for (int i = 0; i < count; i++) {",
           "//tests/unit/kernel:doorbell_test", "*ASignalEndsTheWait"),
    Mutant("server/kernel/doorbell.cc", "static_cast<void>(!write(wake_fd_, &one, sizeof(one)));", "static_cast<void>(one);",
           "//tests/unit/kernel:doorbell_test", "*AWakeFromAnotherThreadEndsTheWait"),
    # --- what the kernel can do ---
    Mutant("server/kernel/kernel_features.cc", 'btf__find_by_name_kind(&types, "scx_ops_flags", kind)',
           'btf__find_by_name_kind(&types, kind == BTF_KIND_ENUM ? "scx_ops_flags_old" : "scx_enq_flags", kind)',
           "//tests/unit/kernel:kernel_features_test", "*OtherEnumsAreNotLookedAt"),
    Mutant("server/kernel/kernel_features.cc", 'return absl::NotFoundError(absl::StrCat("the kernel has no sched_ext flag ", name));',
           "return uint64_t{0};", "//tests/unit/kernel:kernel_features_test", "*AStruct*"),
    Mutant("server/kernel/kernel_features.cc", 'return absl::NotFoundError(absl::StrCat("the kernel has no sched_ext flag ", name));',
           "return uint64_t{0};", "//tests/unit/kernel:kernel_features_test", "*NoTypes*"),
    Mutant("server/kernel/kernel_features.cc", 'return absl::NotFoundError(absl::StrCat("the kernel has no sched_ext flag ", name));',
           "return absl::InternalError(name);",
           "//tests/unit/kernel:kernel_features_test", "*AnInventedFlag*"),
    Mutant("server/kernel/libbpf_host.cc", 'return ReadSchedExtState("", kOwnOpsPrefix);', 'KernelState state = ReadSchedExtState("", kOwnOpsPrefix);\n  state.raw_state += "x";\n  return state;',
           "//tests/unit/kernel:libbpf_host_test", "*StateIsThatOfTheHostsFiles"),
    Mutant("server/kernel/libbpf_host.cc", "return ReadCgroupPath(kCgroupMount, cgroup_id);", 'return cgroup_id ? "" : "/";',
           "//tests/unit/kernel:libbpf_host_test", "*ACgroupThatIsNotThereIsAnError"),
    # --- changes that are kept ---
    Mutant("server/control/override_control.cc", "created_(journal->initial().created),", "created_(0),",
           "//tests/unit/control:stored_changes_test", "*TheOrderOfCreationIsKept:*AChosenIdIsNotGivenTwice"),
    Mutant("server/control/override_control.cc", "    table_.Add({stored, *ParseSelector(stored.spec.selector)});\n",
           "    static_cast<void>(stored);\n",
           "//tests/unit/control:stored_changes_test", "*OverridesAreAsTheyWereAndInForceAgain"),
    Mutant("server/control/override_control.cc", "  checked->creation = old.creation;\n", "  checked->creation = ++created_;\n",
           "//tests/unit/control:stored_changes_test", "*TheOrderOfCreationIsKept"),
    Mutant("server/control/override_control.cc", "    checked->process_start_ns = old.process_start_ns;\n", "",
           "//tests/unit/control:stored_changes_test", "*ANewTgidIsStoredWithTheStartOfItsProcess"),
    Mutant("server/daemon/app.cc", 'simulated ? "/schedd-sim.db" : "/schedd.db"', '"/schedd.db"',
           "//tests/unit/daemon:app_test", "*ASimulatedMachineKeepsItsChangesInAFileOfItsOwn"),
    Mutant("server/daemon/app.cc", "if (simulated && absl::IsPermissionDenied(opened.problem)) {", "if (false) {",
           "//tests/unit/daemon:app_test", "*ASimulatedMachineThatCannotKeepItsChangesWarns"),
    Mutant("server/daemon/app.cc", "if (!opened.damage.ok()) {", "if (false) {",
           "//tests/unit/daemon:app_test", "*DamagedChangesArePutAsideWithAWarning"),
    # --- faults on purpose ---
    Mutant("server/faults/fault_switch.cc", '{"busy", Fault::kBusy}', '{"busy", Fault::kDeaf}', "//tests/unit/faults:fault_switch_test", "*EachHasItsWord"),
    Mutant("server/faults/fault_switch.cc", "absl::StripAsciiWhitespace(word.substr(0, word.find('\\0')))", "absl::StripAsciiWhitespace(word)",
           "//tests/unit/faults:fault_switch_test", "*PaddingIsNoPartOfIt"),
    Mutant("server/faults/fault_switch.cc", "return Fault::kNone;", "return Fault::kBusy;", "//tests/unit/faults:fault_switch_test", "*OtherWordsAreNone"),
    Mutant("server/faults/fault_switch.cc", "O_RDWR | O_CREAT | O_CLOEXEC", "O_RDWR | O_CLOEXEC", "//tests/unit/faults:fault_switch_test", "*MadeWhenItIsNotThere"),
    Mutant("server/faults/fault_switch.cc", "    return ParseFault(absl::string_view(copy.data(), copy.size()));",
           "    static const Fault first = ParseFault(absl::string_view(copy.data(), copy.size()));\n    return first;",
           "//tests/unit/faults:fault_switch_test", "*FollowsWhatIsWritten"),
    Mutant("server/faults/fault_switch.cc", "ftruncate(fd, kWordBytes) == 0", "true", "//tests/unit/faults:fault_switch_test", "*AShortFileWithAWordIsMadeLongEnough"),
    Mutant("server/faults/fault_switch.cc", "info.st_size >= static_cast<off_t>(kWordBytes) ||", "info.st_size < 0 ||", "//tests/unit/faults:fault_switch_test", "*ALongFileIsNotCut"),
    Mutant("server/faults/fault_switch.cc", 'absl::StrCat("cannot use the file of faults ", path)', '"cannot use the file of faults"',
           "//tests/unit/faults:fault_switch_test", "*AnUnusablePathIsNamed"),
    Mutant("server/faults/faulty_host.h", "return host_->PageFaultCount(tid);", "return int64_t{0} * tid;", "//tests/unit/faults:faulty_host_test", "*AnswersAsTheOneInside"),
    Mutant("server/faults/faulty_host.h", "return Wrap(host_->Load(options));", "return host_->Load(options);", "//tests/unit/faults:faulty_host_test", "*KernelsGoWrongWhenTold"),
    Mutant("server/faults/faulty_host.h", "return Wrap(host_->Adopt(options));", "return host_->Adopt(options);", "//tests/unit/faults:faulty_host_test", "*SoDoThoseThatAreAdopted"),
    Mutant("server/faults/faulty_host.cc", "return kernel.status();", 'return absl::InternalError("");',
           "//tests/unit/faults:faulty_host_test", "*AnErrorIsHandedOn"),
    # --- starvation ---
    Mutant("server/policy/vruntime.cc", "task.served_ns < TermsOf(task).min_slice_ns) return;", "task.served_ns < 0) return;",
           "//tests/unit/policy:vruntime_urgency_test", "*ATurnCutShortEndsNoWait"),
    Mutant("server/policy/vruntime.cc", "  task.served_ns = SaturatingAdd(task.served_ns, std::max<int64_t>(event.ran_ns, 0));\n", "",
           "//tests/unit/policy:vruntime_urgency_test", "*ATurnCutShortEndsNoWait"),
    Mutant("server/policy/vruntime.cc", "task.known && !event.woke && task.served_ns", "task.known && task.served_ns",
           "//tests/unit/policy:vruntime_urgency_test", "*ATurnCutShortEndsNoWait"),
    Mutant("server/policy/wait_list.cc", "if (early->since_ns > since_ns) return early;", "if (early->since_ns < 0) return early;",
           "//tests/unit/policy:vruntime_urgency_test", "*AWaitThatGoesOnIsBeforeAllThatBeganLater"),
    Mutant("server/policy/vruntime.cc", "waiting_.Add(task, task.unserved_since_ns);", "waiting_.Add(task, event.time_ns);",
           "//tests/unit/policy:vruntime_urgency_test", "*ATurnCutShortEndsNoWait"),
    Mutant("server/policy/vruntime.cc", "SaturatingSubtract(again_ns, bound_ns)", "std::min(machine.now_ns, again_ns)",
           "//tests/unit/policy:vruntime_urgency_test", "*AnUrgentDecisionThatIsLostIsMadeAgainSoon"),
    Mutant("server/policy/vruntime.cc", "SaturatingAdd(machine.now_ns, task.urgent_again_ns);", "machine.now_ns;",
           "//tests/unit/policy:vruntime_urgency_test", "*TheShortestBoundMakesNoStormOfDecisions"),
    Mutant("server/policy/vruntime.cc", "SaturatingAdd(task.urgent_again_ns, task.urgent_again_ns)", "task.urgent_again_ns",
           "//tests/unit/policy:vruntime_urgency_test", "*UrgentDecisionsThatAreAlwaysLostGetRare"),
    Mutant("server/policy/vruntime.cc", "  task.urgent_again_ns = kQueuedNanos;\n", "",
           "//tests/unit/policy:vruntime_urgency_test", "*UrgentDecisionsThatAreAlwaysLostGetRare"),
    Mutant("server/policy/vruntime.cc", "    if (!std::exchange(task.overdue, true)) task.served_ns = 0;\n", "",
           "//tests/unit/policy:vruntime_urgency_test", "*WhatItHadBeforeTheBoundDoesNotShortenItsTurn"),
    Mutant("server/policy/vruntime.cc", "if (!std::exchange(task.overdue, true)) task.served_ns = 0;", "task.served_ns = 0;",
           "//tests/unit/policy:vruntime_urgency_test", "*WhoYieldsOverAndOverIsUrgentForOneTurnOnly"),
    Mutant("server/policy/vruntime.cc", "&& waits.IsUrgent(IdOf(task), task.sequence)) {", "&& false) {",
           "//tests/unit/policy:vruntime_urgency_test", "*AHandedOverTaskIsDecidedAgainAtTheBoundAndOnce"),
    Mutant("server/engine/task_table.cc", "return IsWaiting(slot, sequence) && LoadShared(slots_[slot].urgent_seq) == sequence;", "return IsWaiting(slot, sequence);",
           "//tests/unit/engine:task_table_test", "*IsUrgentOnlyInTheWaitThatWasMadeSo"),
    Mutant("server/engine/task_table.cc", "return IsWaiting(slot, sequence) && LoadShared(slots_[slot].urgent_seq) == sequence;", "return slot < slots_.size() && slots_[slot].urgent_seq == sequence;",
           "//tests/unit/engine:task_table_test", "*IsUrgentOnlyInTheWaitThatWasMadeSo"),
    Mutant("server/sim/dispatcher.cc", "if (&to == &urgent_) StoreShared(slot->urgent_seq, decision.seq);", "", "//tests/unit/sim:dispatcher_decision_test",
           "*AnUrgentDecisionComesBeforeAllOthers"),
    # --- what the scenarios and properties on the simulated machine must notice (docs/testing.md) ---
    # weights count for nothing
    Mutant('server/policy/vruntime.cc', '  task.vruntime += static_cast<uint64_t>(VirtualNanos(task.unplaced_ns, task.placed_weight));',
           '  task.vruntime += static_cast<uint64_t>(VirtualNanos(task.unplaced_ns, kDefaultWeight));', SUITE, "*"),
    # nobody keeps the starvation bound
    Mutant('server/policy/vruntime.cc', '  size_t count = DecideStarved(machine, waits, out);',
           '  static_cast<void>(&VruntimePolicy::DecideStarved);\n  size_t count = 0;', SUITE, "*"),
    # the starvation bound is twenty times as long
    Mutant('server/policy/vruntime.cc', 'return std::max<int64_t>({1, terms.starvation_bound_ns, std::min(round_ns, most_ns)});',
           'return std::max<int64_t>({1, 20 * terms.starvation_bound_ns, std::min(round_ns, most_ns)});', SUITE, "*"),
    # new tasks start far behind the queue
    Mutant('server/policy/vruntime.cc', '    const int64_t debit_ns = task.unplaced_ns > 0 ? 0 : slice_ns / 2;',
           '    const int64_t debit_ns = 50 * slice_ns;', SUITE, "*"),
    # who wakes takes the CPU of one with an earlier deadline
    Mutant('server/policy/vruntime.cc', '    if (lead > best_lead) {',
           '    if (lead < -best_lead) {', SUITE, "*"),
    # no task is spared in its first min_slice
    Mutant('server/policy/vruntime.cc', '    if (SaturatingSubtract(machine.now_ns, view.since_ns) < spared_ns) return true;',
           '    static_cast<void>(spared_ns);', SUITE, "*"),
    # the bonus of sleepers is a hundred times as large
    Mutant('server/policy/vruntime.cc', '  return VirtualNanos(std::min(awake_run_ns, terms.sleeper_credit_ns), weight);',
           '  return 100 * VirtualNanos(std::min(awake_run_ns, terms.sleeper_credit_ns), weight);', SUITE, "*"),
    # virtual time is lost where a task withdraws
    Mutant('server/policy/vruntime.cc', '  if (task.stage == Stage::kQueued) queue_.erase(queue_.iterator_to(task));\n  waiting_.Remove(task);',
           '  if (task.stage == Stage::kQueued) queue_.erase(queue_.iterator_to(task));\n  if (task.cpu != 0) waiting_.Remove(task); else waiting_.Remove(task), task.vruntime = 0;', SUITE, "*"),
    # the latest deadline first
    Mutant('server/policy/vruntime_task.h', 'return WrapLess(a.deadline, b.deadline);',
           'return WrapLess(b.deadline, a.deadline);', SUITE, "*"),
    # slices follow the number of waiters the wrong way round
    Mutant('server/policy/slice.h', '  if (waiting <= cpus) return',
           '  if (waiting > cpus) return', SUITE, "*"),
    # V goes back
    Mutant('server/policy/virtual_time.h', '      if (lead > 0) clock.v = v;',
           '      clock.v = v;', SUITE, "*"),
    # heavy tasks pay more
    Mutant('server/policy/virtual_time.h', '* kDefaultWeight / std::max<int64_t>(weight, 1);',
           '* std::max<int64_t>(weight, 1) / kDefaultWeight;', SUITE, "*"),
    # tasks whose event was lost are not looked for
    Mutant('server/engine/engine.cc', '  if (lost == recovered_losses) return;',
           '  if (lost >= recovered_losses) return;', SUITE, "*"),
    # the engine sees little of what the running task used
    Mutant('server/engine/task_table.cc', '  return Growth(LoadShared(slots_[slot].run_ns), reported);',
           '  return Growth(LoadShared(slots_[slot].run_ns), reported) / 100;', SUITE, "*"),
    # decisions name the wait before
    Mutant('server/engine/decision_writer.cc', '  record.seq = decision.sequence;',
           '  record.seq = decision.sequence - 1;', SUITE, "*"),
    # slices are four times as long as decided
    Mutant('server/engine/decision_writer.cc', '  record.slice_ns = static_cast<uint64_t>(decision.slice_ns);',
           '  record.slice_ns = static_cast<uint64_t>(decision.slice_ns) * 4;', SUITE, "*"),
    # urgent decisions are like all others
    Mutant('server/engine/decision_writer.cc', '  if (decision.urgent) record.flags |= SCHEDD_DECISION_URGENT;',
           '', SUITE, "*"),
    # only the first CPU is heard
    Mutant('server/engine/event_drain.h', '      next_ = next_ + 1 < rings_.size() ? next_ + 1 : 0;',
           '      next_ = 0;\n      if (from_ring == 0) break;', SUITE, "*"),
    # events are read from the wrong place
    Mutant('bpf/ring.h', '  *out = ring->records[tail & (SCHEDD_EVENT_RING_SIZE - 1)];',
           '  *out = ring->records[(tail + 1) & (SCHEDD_EVENT_RING_SIZE - 1)];', SUITE, "*"),
    # decisions are taken with another deadline
    Mutant('bpf/ring.h', '  out->deadline = SCHEDD_READ(&record->deadline);',
           '  out->deadline = SCHEDD_READ(&record->generation);', SUITE, "*"),
    # every other decision is passed over
    Mutant('bpf/ring.h', '  return SCHEDD_CAS(&ring->tail, tail, tail + 1) == tail ? 1 : -1;',
           '  return SCHEDD_CAS(&ring->tail, tail, tail + 2) == tail ? 1 : -1;', SUITE, "*"),
    # two waits have one number
    Mutant('bpf/wait.h', '                        schedd_wait_word(SCHEDD_TASK_UNDECIDED, SCHEDD_READ(&slot->seq) + 1));',
           '                        schedd_wait_word(SCHEDD_TASK_UNDECIDED, SCHEDD_READ(&slot->seq)));', SUITE, "*"),
    # a lease has no end in CPU time
    Mutant('bpf/lease.h', '         (long long)(slot->lease_end_run_ns - slot->run_ns) > 0 &&\n',
           '', SUITE, "*"),
    # a new task starts level with the queue
    Mutant('bpf/virtual_time.h', '  return floor + SCHEDD_READ(&header->base_slice_ns) / 2 * 100 / (weight ? weight : 100);',
           '  return floor;', SUITE, "*"),
    # who slept for long keeps an old deadline
    Mutant('bpf/virtual_time.h', '  if ((long long)(deadline - (floor - ahead)) < 0) deadline = floor - ahead;',
           '', SUITE, "*"),
    # every sleep counts as long
    Mutant('bpf/sleep.h', 'SCHEDD_WRITE(&slot->sleep_floor, floor);',
           'SCHEDD_WRITE(&slot->sleep_floor, floor - 1000000000);', SUITE, "*"),
    # who is cut short drives the next CPU's task away
    Mutant('server/sim/dispatcher.cc', '  const int cpu = KickIdle(task) || !woke ? -1 : CpuToTake(task, vtime);',
           '  static_cast<void>(woke);\n  const int cpu = KickIdle(task) ? -1 : CpuToTake(task, vtime);', SUITE, "*"),
]
