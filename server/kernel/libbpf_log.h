// SPDX-License-Identifier: Apache-2.0
//
// Keeps what libbpf prints while it lives, so that an error can carry the verifier's last words;
// nothing goes to stderr.
//
// libbpf has one print function for the whole process: one capture at a time, on the control
// thread.
#ifndef SCHEDD_KERNEL_LIBBPF_LOG_H_
#define SCHEDD_KERNEL_LIBBPF_LOG_H_

#include <bpf/libbpf.h>

#include <string>

namespace schedd {

class LibbpfLogCapture {
 public:
  LibbpfLogCapture();
  ~LibbpfLogCapture();
  LibbpfLogCapture(const LibbpfLogCapture&) = delete;
  LibbpfLogCapture& operator=(const LibbpfLogCapture&) = delete;

  // The last lines of warnings so far, at most about 4 KiB, joined by " | "; "no detail" when there
  // are none.
  std::string Tail() const;

 private:
  libbpf_print_fn_t previous_;
};

}  // namespace schedd

#endif  // SCHEDD_KERNEL_LIBBPF_LOG_H_
