#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "sched/fleet/free_sets.h"
#include "sched/fleet/outlook.h"

namespace berth::sched {

// The expected fragmentation of a node: thousandths of its free devices that work drawn from the
// mix could not use, times kScale: F_n(M) of FGD (USENIX ATC'23), exactly, but for weights rounded
// to kScale in all. Added to it is the expected waste of what is left of shared devices. It depends
// on three things alone: which classes may run there (a signature), how much CPU is free (a rank
// among the CPU that classes ask), and the set of free devices.
class Fragmentation {
 public:
  static constexpr int32_t kScale = 32'767;

  Fragmentation(FreeSets& sets, const Outlook& outlook);

  uint32_t signature(const DeviceClass& device_class);
  uint32_t rank(int64_t cpu_milli) const;
  // At most twice kScale x 32,767, which fits: of a node with more than 32 devices free no more
  // thousandths than that count, so that it is told from its like by how full it is alone.
  int32_t expected(uint32_t signature, uint32_t rank, FreeSetId set);
  bool is_empty() const { return classes_.empty(); }

 private:
  struct Class {
    DemandClass demand;
    size_t group = 0;
    int32_t weight = 0;  // of kScale
  };
  // A group in the order of what it wants of each device, and how many devices of at least that
  // much it takes; 0 where several of its shares may lie on one.
  struct Step {
    size_t group = 0;
    int32_t milli = 0;
    size_t devices = 0;
  };

  static Step step_of(size_t group, const Need& need);
  int32_t waste_of(FreeSetId set) const;
  void add_table(uint32_t signature);
  const int16_t* stranded(FreeSetId set);
  void strand_slices(FreeSetId set, int16_t* row) const;
  void strand(FreeSetId set, int16_t* row) const;

  FreeSets& sets_;
  std::vector<Class> classes_;
  std::vector<uint32_t> groups_;  // needs, numbered
  std::vector<Step> by_milli_;
  std::vector<int16_t> waste_;  // by thousandths left, or none
  int16_t waste_weight_ = 0;
  size_t width_ = 8;  // groups, all that is free, waste; to a multiple of a vector register
  std::vector<int64_t> cpu_levels_;  // ascending
  std::map<std::vector<bool>, uint32_t> by_allowed_;
  std::vector<std::vector<bool>> allowed_;  // by signature, which classes
  std::vector<int16_t> weights_;            // signature x rank x width
  std::vector<int16_t> stranded_;           // set x width
  std::vector<bool> is_known_;              // by set
};

}  // namespace berth::sched
