// SPDX-License-Identifier: Apache-2.0
//
// Carries directives to the engine and says when one is in force.
//
// Owned by SchedulerControl, used on the sequence. Never blocks: a directive that the engine has no
// room for waits here, merged with those that follow, and is offered again, soon at first, then
// each millisecond. Without an engine directives are dropped: the next engine begins with all that
// is in force. Cannot fail; a wait ends by its time limit.
#ifndef SCHEDD_CONTROL_DIRECTIVE_OUTBOX_H_
#define SCHEDD_CONTROL_DIRECTIVE_OUTBOX_H_

#include <cstdint>
#include <functional>
#include <list>
#include <memory>

#include "absl/time/time.h"
#include "server/control/engine_runner.h"
#include "server/control/sequence.h"
#include "server/engine/directive.h"

namespace schedd {

class DirectiveOutbox {
 public:
  // `applied` is called after a poll that found a newer generation in force.
  DirectiveOutbox(Sequence* sequence, std::function<void()> applied);

  // nullptr: there is no engine (any more). Ends all waits, drops what is pending.
  void Connect(EngineRunner* engine);

  // Generations never go back; a directive with the newest one again extends it (tasks found
  // later).
  void Send(Directive directive);

  // Calls `done` once the engine has `generation` in force, there is no engine, or `timeout` has
  // passed. May call it at once.
  void WhenApplied(int64_t generation, absl::Duration timeout, std::function<void()> done);

 private:
  struct Wait {
    int64_t generation;
    std::function<void()> done;
    std::unique_ptr<Timer> timeout;
  };

  void Poll();
  void Offer();
  void EndWaits(int64_t applied_generation);
  void PollAgain();

  Sequence* const sequence_;
  const std::function<void()> applied_;
  EngineRunner* engine_ = nullptr;
  std::unique_ptr<Directive> pending_;
  std::list<Wait> waits_;
  int64_t seen_generation_ = 0;
  int64_t sent_generation_ = 0;
  absl::Duration poll_interval_;
  Timer poll_;
};

}  // namespace schedd

#endif  // SCHEDD_CONTROL_DIRECTIVE_OUTBOX_H_
