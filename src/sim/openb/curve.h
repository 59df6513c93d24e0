#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace berth::sim::openb {

// How allocation follows demand in one run, as published: at A percent is the mean over the pods
// at whose arrival the demand, in percent of the devices, rounds to A; where no pod does, over
// those within one percent.
class Curve {
 public:
  explicit Curve(int64_t capacity_milli) : capacity_milli_(capacity_milli) {}

  // One more pod has arrived and was placed or not; totals so far.
  void add(int64_t arrived_milli, int64_t allocated_milli);
  // In percent of the devices.
  std::optional<double> at(int32_t percent) const;

 private:
  struct Sum {
    int64_t allocated_milli = 0;
    int64_t pods = 0;
  };
  int64_t capacity_milli_;
  std::map<int32_t, Sum> sums_;  // by percent
};

// Sample mean and standard deviation (n - 1); nothing of nothing, no deviation of one.
std::optional<double> mean(std::span<const double> values);
std::optional<double> deviation(std::span<const double> values);

}  // namespace berth::sim::openb
