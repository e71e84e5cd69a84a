// SPDX-License-Identifier: Apache-2.0
//
// A fault switch that a test sets, and that runs out.
#ifndef SCHEDD_TESTS_UNIT_FAULTS_TOLD_FAULTS_H_
#define SCHEDD_TESTS_UNIT_FAULTS_TOLD_FAULTS_H_

#include <functional>

#include "server/faults/fault_switch.h"

namespace schedd {

class ToldFaults : public FaultSwitch {
 public:
  Fault Now() const override {
    ++looks;
    if (on_look) on_look();
    if (looks > last_look) return Fault::kNone;
    return fault;
  }

  Fault fault = Fault::kNone;
  int last_look = 1'000'000;  // from there on there is no fault
  mutable int looks = 0;
  std::function<void()> on_look;
};

}  // namespace schedd

#endif  // SCHEDD_TESTS_UNIT_FAULTS_TOLD_FAULTS_H_
