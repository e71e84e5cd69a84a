# SPDX-License-Identifier: Apache-2.0
"""The deliberate bugs: what stands where, what to put there instead, and the test that must notice."""

import typing


class Mutant(typing.NamedTuple):
    file: str
    before: str  # is there once
    after: str
    target: str  # of Bazel
    test: str  # --test_filter


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
    Mutant("server/policy/vruntime.cc", "Window(task.was_wanted ? task.placed_weight : kDefaultWeight)", "Window(kDefaultWeight)",
           "//tests/unit/policy:vruntime_test", "*ALightTaskMovesTheQueueOnlyWhereOthersWaitedForTheCpu"),
    Mutant("server/policy/vruntime.cc", "Window(task.was_wanted ? task.placed_weight : kDefaultWeight)", "Window(kDefaultWeight)",
           "//tests/unit/sim:fairness_scenario_test", "*LightTasksShareByWeight"),
    Mutant("server/policy/vruntime.cc", "if (view.kind == CpuView::Kind::kIdle && !(just_ran", "if (view.kind != CpuView::Kind::kTask && !(just_ran",
           "//tests/unit/policy:vruntime_test", "*ACpuThatJustRunsTheDaemonStillTellsHowFarItsQueueIs"),
    Mutant("server/policy/wait_list.cc", "    if (before->since_ns <= since_ns) break;\n", "    if (before->since_ns <= since_ns || true) break;\n",
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
]
