// SPDX-License-Identifier: Apache-2.0
//
// What a benchmark of the API has measured, as ./run bench reads it.
//
// Values of one thread. Nothing here fails.
#ifndef SCHEDD_TESTS_BENCH_API_FIGURES_H_
#define SCHEDD_TESTS_BENCH_API_FIGURES_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace schedd {

// By the nearest rank, of at least one value.
inline double Percentile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(values.size())));
  return values[std::max<size_t>(rank, 1) - 1];
}

inline double Median(const std::vector<double>& values) { return Percentile(values, 0.5); }

// One value for each repetition, by the figure's name.
class Figures {
 public:
  void Add(const std::string& name, const std::string& unit, double value) {
    for (auto& figure : figures_) {
      if (figure["name"] != name) continue;
      figure["values"].push_back(value);
      return;
    }
    figures_.push_back(
        {{"name", name}, {"unit", unit}, {"values", nlohmann::ordered_json::array({value})}});
  }
  void AddSamples(const std::string& name, const std::string& unit,
                  const std::vector<double>& samples) {
    Add(name + ": median", unit, Median(samples));
    Add(name + ": p99", unit, Percentile(samples, 0.99));
  }
  const nlohmann::ordered_json& json() const { return figures_; }

 private:
  nlohmann::ordered_json figures_ = nlohmann::ordered_json::array();
};

}  // namespace schedd

#endif  // SCHEDD_TESTS_BENCH_API_FIGURES_H_
