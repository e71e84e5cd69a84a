// SPDX-License-Identifier: Apache-2.0
//
// How the daemon learns that it is to end: SIGTERM or SIGINT, or the hand-over signal, each
// counted once. And that it is to read its roles again: SIGHUP.
//
// StopSignal is the seam, for tests; SignalStop the real one. The constructor blocks the signals in
// the calling thread, so it must come before any other thread is made. Waiting is for the main
// thread. Fails only in construction (INTERNAL).
#ifndef SCHEDD_DAEMON_STOP_SIGNAL_H_
#define SCHEDD_DAEMON_STOP_SIGNAL_H_

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace schedd::daemon {

class StopSignal {
 public:
  virtual ~StopSignal() = default;
  // True when a stop was asked for, since the last time it returned true or within `timeout`. May
  // return early when a reload was asked for.
  virtual bool Wait(absl::Duration timeout) = 0;
  // True when a reload was asked for since the last time it returned true.
  virtual bool TakeReload() { return false; }
  // True when the last stop was asked for by the daemon that comes next (replace.h).
  virtual bool hands_over() const { return false; }
};

class SignalStop : public StopSignal {
 public:
  static absl::StatusOr<std::unique_ptr<SignalStop>> Create();
  ~SignalStop() override;
  SignalStop(const SignalStop&) = delete;
  SignalStop& operator=(const SignalStop&) = delete;

  bool Wait(absl::Duration timeout) override;
  bool TakeReload() override { return std::exchange(reload_, false); }
  bool hands_over() const override { return hands_over_; }

 private:
  explicit SignalStop(int fd) : fd_(fd) {}
  const int fd_;
  bool hands_over_ = false;
  bool reload_ = false;
};

}  // namespace schedd::daemon

#endif  // SCHEDD_DAEMON_STOP_SIGNAL_H_
