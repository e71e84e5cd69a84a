// SPDX-License-Identifier: Apache-2.0
//
// Runs the C++ examples of docs/api.md against SCHEDD_ENDPOINT: "== HEADING" and what it prints,
// for each of them; "!! ERROR" where one fails.
#include <iostream>

#include "client/lib/client.h"
#include "tests/native/guide/examples.h"

int main() {
  auto client = schedd::client::Client::Connect("");
  if (!client.ok()) {
    std::cerr << client.status() << "\n";
    return 1;
  }
  for (const schedd::Example& example : schedd::Examples()) {
    std::cout << "== " << example.heading << "\n";
    const absl::Status status = example.run(**client);
    if (!status.ok()) std::cout << "!! " << status << "\n";
  }
  return 0;
}
