#pragma once
#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "sched/fleet/need.h"

namespace berth::sched {

// What is free of one device: its thousandths, or, where it is cut into slices, its free slots as
// bits.
using DeviceState = int16_t;
using FreeSetId = uint32_t;

// One device goes from one state to another.
using DeviceStep = std::pair<DeviceState, DeviceState>;

// The multisets of free devices that nodes can have, each known by a number. Nodes with equal sets
// are alike for every decision, so that what can be taken from a set is worked out once.
class FreeSets {
 public:
  // Devices of that cut from now on; the same table gives the same number. 0: by the thousandth.
  uint32_t cut(const SliceTable& table);
  // The number of a multiset; devices of which nothing is free are left out.
  FreeSetId intern(uint32_t cut, std::vector<DeviceState> devices);
  uint32_t need(const Need& need);

  // What can be left of a set after a need was taken: every different outcome once; empty when it
  // does not fit. Good until the next call.
  std::span<const FreeSetId> options(FreeSetId set, uint32_t need);
  // The steps of the devices that lead to the option of that place in the list.
  // Good until the next call.
  std::span<const DeviceStep> steps(FreeSetId set, uint32_t need, size_t option);
  bool fits(FreeSetId set, uint32_t need) const;
  // The same, remembered: for all needs at once when it is first asked of a set.
  bool has_room(FreeSetId set, uint32_t need) {
    if (set >= room_known_.size() || need >= room_needs_) make_room_for(need);
    if (!room_known_[set]) work_out_room(set);
    return (room_[set * room_words_ + need / 64] >> (need % 64) & 1U) != 0;
  }
  // A filter that fits in a register: without bit_of() a need, it surely does not fit the set.
  uint64_t needs_that_may_fit(FreeSetId set) {
    if (set >= room_known_.size() || room_needs_ == 0) make_room_for(0);
    if (!room_known_[set]) work_out_room(set);
    return room_needs_ >= 63 ? room_[set * room_words_] | uint64_t{1} << 63
                             : room_[set * room_words_] | ~uint64_t{0} << room_needs_;
  }
  static uint64_t bit_of(uint32_t need) { return uint64_t{1} << std::min(need, 63U); }
  // Thousandths that a need takes of devices cut like that.
  int64_t taken(uint32_t cut, uint32_t need) const;

  int32_t milli(FreeSetId set) const { return sets_[set].milli; }
  // Thousandths on devices that cannot take one of `need`, all of them when the set cannot take the
  // whole need: f(n, m) of the FGD paper (USENIX ATC'23).
  int32_t stranded(FreeSetId set, uint32_t need) const;
  const std::vector<DeviceState>& devices(FreeSetId set) const { return sets_[set].devices; }
  bool is_cut(FreeSetId set) const { return cuts_[sets_[set].cut].slots > 0; }  // into slices
  const Need& need_of(uint32_t need) const { return needs_[need]; }
  DeviceState whole(uint32_t cut) const;
  // The slots of one slice of a profile as bits, as if it started at the first.
  int32_t slots(uint32_t cut, int32_t profile) const {
    return (1 << cuts_[cut].profiles[static_cast<size_t>(profile)].slots) - 1;
  }
  size_t size() const { return sets_.size(); }

 private:
  struct Set {
    uint32_t cut = 0;
    std::vector<DeviceState> devices;  // ascending, without those of which nothing is free
    int32_t milli = 0;
  };

  int32_t milli_of(uint32_t cut, DeviceState state) const;
  size_t slot_of(uint32_t cut, const std::vector<DeviceState>& devices) const;
  void grow_index();
  void make_room_for(uint32_t need);
  void work_out_room(FreeSetId set);
  uint32_t& option_place(FreeSetId set, uint32_t need);
  // How many units of `need` a device in that state can give one after the other.
  int32_t units(uint32_t cut, DeviceState state, const Need& need) const;
  void successors(uint32_t cut, DeviceState state, const Need& need,
                  std::vector<DeviceState>& out) const;
  struct Way {
    FreeSetId after = 0;
    std::vector<DeviceStep> steps;
  };
  std::vector<Way> ways(FreeSetId set, const Need& need);
  std::vector<Way> take_whole(FreeSetId set, const Need& need);
  void extend(const Way& from, const Need& need, std::vector<Way>& out);
  std::vector<FreeSetId> take_one(FreeSetId set, const Need& need);

  std::vector<SliceTable> cuts_{SliceTable{}};
  std::vector<Set> sets_{Set{}};  // 0: nothing free
  std::vector<FreeSetId> index_;  // of sets_, open addressing
  std::vector<Need> needs_;
  std::map<Need, uint32_t> by_need_;
  // By set and need, the place of its options: their number, then they. 0: not worked out yet.
  std::vector<uint32_t> option_index_;
  size_t option_stride_ = 0;  // needs that a row has room for
  std::vector<FreeSetId> options_{0};
  std::vector<DeviceStep> steps_;
  std::vector<uint64_t> room_;  // by set, a bit per need that fits
  std::vector<uint8_t> room_known_;
  size_t room_words_ = 1;
  uint32_t room_needs_ = 0;
};

}  // namespace berth::sched
