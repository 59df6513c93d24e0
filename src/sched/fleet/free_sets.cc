#include "sched/fleet/free_sets.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace berth::sched {

uint32_t FreeSets::cut(const SliceTable& table) {
  const auto at = std::find(cuts_.begin(), cuts_.end(), table);
  if (at != cuts_.end()) return static_cast<uint32_t>(at - cuts_.begin());
  cuts_.push_back(table);
  return static_cast<uint32_t>(cuts_.size() - 1);
}

size_t FreeSets::slot_of(uint32_t cut, const std::vector<DeviceState>& devices) const {
  uint64_t hash = cut + 1;
  for (const DeviceState state : devices) {
    hash = (hash ^ static_cast<uint64_t>(state)) * 0x9E3779B97F4A7C15ULL;
    hash ^= hash >> 29;
  }
  size_t at = static_cast<size_t>(hash) & (index_.size() - 1);
  while (index_[at] != 0 &&
         (sets_[index_[at]].cut != cut || sets_[index_[at]].devices != devices)) {
    at = (at + 1) & (index_.size() - 1);
  }
  return at;
}

void FreeSets::grow_index() {
  index_.assign(std::max<size_t>(256, 2 * index_.size()), 0);
  for (FreeSetId id = 1; id < sets_.size(); ++id) {
    index_[slot_of(sets_[id].cut, sets_[id].devices)] = id;
  }
}

FreeSetId FreeSets::intern(uint32_t cut, std::vector<DeviceState> devices) {
  std::erase(devices, DeviceState{0});
  if (devices.empty()) return 0;
  std::sort(devices.begin(), devices.end());
  if (2 * (sets_.size() + 1) > index_.size()) grow_index();
  const size_t slot = slot_of(cut, devices);
  if (index_[slot] != 0) return index_[slot];
  index_[slot] = static_cast<FreeSetId>(sets_.size());
  int32_t milli = 0;
  for (const DeviceState state : devices) milli += milli_of(cut, state);
  sets_.push_back({cut, std::move(devices), milli});
  return index_[slot];
}

uint32_t FreeSets::need(const Need& need) {
  const auto [at, is_new] = by_need_.try_emplace(need, static_cast<uint32_t>(needs_.size()));
  if (is_new) needs_.push_back(need);
  return at->second;
}

DeviceState FreeSets::whole(uint32_t cut) const {
  const SliceTable& table = cuts_[cut];
  return static_cast<DeviceState>(table.slots == 0 ? kWholeDevice : (1 << table.slots) - 1);
}

int32_t FreeSets::milli_of(uint32_t cut, DeviceState state) const {
  const int32_t slots = cuts_[cut].slots;
  if (slots == 0) return state;
  int32_t free = 0;
  for (int32_t bits = state; bits != 0; bits &= bits - 1) ++free;
  return free * kWholeDevice / slots;
}

// The states that a device can be in after it gave one unit of `need`.
void FreeSets::successors(uint32_t cut, DeviceState state, const Need& need,
                          std::vector<DeviceState>& out) const {
  out.clear();
  if (need.is_whole()) {
    if (state == whole(cut)) out.push_back(0);
    return;
  }
  const SliceTable& table = cuts_[cut];
  if (need.profile <
      0) {  // thousandths; of a device that is cut into slices there are none to have
    if (table.slots == 0 && state >= need.milli) {
      out.push_back(static_cast<DeviceState>(state - need.milli));
    }
    return;
  }
  if (static_cast<size_t>(need.profile) >= table.profiles.size()) return;
  const SliceTable::Profile& profile = table.profiles[static_cast<size_t>(need.profile)];
  for (int32_t start = 0; start + profile.slots <= table.slots; ++start) {
    const int32_t run = ((1 << profile.slots) - 1) << start;
    if ((profile.starts >> start & 1U) != 0 && (state & run) == run) {
      out.push_back(static_cast<DeviceState>(state & ~run));
    }
  }
}

uint32_t& FreeSets::option_place(FreeSetId set, uint32_t need) {
  if (need >= option_stride_) {
    option_stride_ = std::bit_ceil(needs_.size());
    option_index_.clear();  // rows have another width: worked out again when asked for
    options_.resize(1);
  }
  const size_t at = set * option_stride_ + need;
  if (at >= option_index_.size()) option_index_.resize(2 * sets_.size() * option_stride_, 0);
  return option_index_[at];
}

std::span<const FreeSetId> FreeSets::options(FreeSetId set, uint32_t need) {
  uint32_t at = option_place(set, need);
  if (at == 0) {
    const Need& wants = needs_[need];
    std::vector<FreeSetId> afters;
    if (wants.devices == 1 && wants.profile < 0) {
      afters = take_one(set, wants);
    } else {
      for (const Way& way : ways(set, wants)) afters.push_back(way.after);
    }
    at = static_cast<uint32_t>(options_.size());
    option_place(set, need) = at;
    options_.push_back(static_cast<FreeSetId>(afters.size()));
    options_.insert(options_.end(), afters.begin(), afters.end());
  }
  return {&options_[at] + 1, options_[at]};
}

// The common case of ways(): one device or a share of one.
std::vector<FreeSetId> FreeSets::take_one(FreeSetId set, const Need& need) {
  const uint32_t cut = sets_[set].cut;
  std::vector<FreeSetId> afters;
  for (size_t i = 0; i < sets_[set].devices.size(); ++i) {
    const DeviceState from = sets_[set].devices[i];
    if ((i > 0 && from == sets_[set].devices[i - 1]) || units(cut, from, need) == 0) continue;
    std::vector<DeviceState> left = sets_[set].devices;
    left[i] = static_cast<DeviceState>(need.is_whole() ? 0 : from - need.milli);
    afters.push_back(intern(cut, std::move(left)));
  }
  return afters;
}

std::span<const DeviceStep> FreeSets::steps(FreeSetId set, uint32_t need, size_t option) {
  const Need& wants = needs_[need];
  const Set& of = sets_[set];
  const DeviceState all = whole(of.cut);
  if (wants.is_none()) return {};
  if (wants.is_whole()) {
    steps_.assign(static_cast<size_t>(wants.devices), {all, DeviceState{0}});
  } else if (wants.devices == 1 && wants.profile < 0) {  // as take_one() lists them
    size_t i = 0;
    for (size_t before = 0;; ++i) {
      const bool is_new = i == 0 || of.devices[i] != of.devices[i - 1];
      if (is_new && of.devices[i] >= wants.milli && before++ == option) break;
    }
    steps_.assign(1, {of.devices[i], static_cast<DeviceState>(of.devices[i] - wants.milli)});
  } else {
    steps_ = std::move(ways(set, wants)[option].steps);
  }
  return steps_;
}

std::vector<FreeSets::Way> FreeSets::ways(FreeSetId set, const Need& need) {
  if (need.is_none()) return {{set, {}}};
  if (need.is_whole()) return take_whole(set, need);
  if (need.devices > kMostSharesPerWorker) return {};
  std::vector<Way> found{{set, {}}};
  for (int32_t unit = 0; unit < need.devices; ++unit) {
    std::vector<Way> longer;
    for (const Way& way : found) extend(way, need, longer);
    found = std::move(longer);
  }
  return found;
}

// Every way to take one more unit that leaves something else than those already found.
void FreeSets::extend(const Way& from, const Need& need, std::vector<Way>& out) {
  const std::vector<DeviceState> devices = sets_[from.after].devices;  // interning moves them
  const uint32_t cut = sets_[from.after].cut;
  std::vector<DeviceState> next;
  for (size_t i = 0; i < devices.size(); ++i) {
    if (i > 0 && devices[i] == devices[i - 1]) continue;
    successors(cut, devices[i], need, next);
    for (const DeviceState state : next) {
      std::vector<DeviceState> left = devices;
      left[i] = state;
      Way option{intern(cut, std::move(left)), from.steps};
      const auto same = [&](const Way& way) { return way.after == option.after; };
      if (std::any_of(out.begin(), out.end(), same)) continue;
      option.steps.emplace_back(devices[i], state);
      out.push_back(std::move(option));
    }
  }
}

std::vector<FreeSets::Way> FreeSets::take_whole(FreeSetId set, const Need& need) {
  std::vector<DeviceState> left = sets_[set].devices;
  const uint32_t cut = sets_[set].cut;
  Way option;
  for (int32_t unit = 0; unit < need.devices; ++unit) {
    const auto at = std::find(left.begin(), left.end(), whole(cut));
    if (at == left.end()) return {};
    left.erase(at);
    option.steps.emplace_back(whole(cut), DeviceState{0});
  }
  option.after = intern(cut, std::move(left));
  return {std::move(option)};
}

int32_t FreeSets::units(uint32_t cut, DeviceState state, const Need& need) const {
  const SliceTable& table = cuts_[cut];
  if (need.is_whole()) return state == whole(cut) ? 1 : 0;
  if (need.profile < 0) return table.slots == 0 ? state / need.milli : 0;
  int32_t most = 0;
  std::vector<DeviceState> next;
  successors(cut, state, need, next);
  for (const DeviceState left : next) most = std::max(most, 1 + units(cut, left, need));
  return most;
}

bool FreeSets::fits(FreeSetId set, uint32_t need) const {
  const Need& wants = needs_[need];
  const Set& of = sets_[set];
  if (wants.is_none()) return true;
  if (wants.devices == 1 && wants.profile < 0 && cuts_[of.cut].slots == 0) {  // the common case
    return !of.devices.empty() && of.devices.back() >= wants.milli;
  }
  if (wants.is_whole()) {  // they are the last
    const auto count = static_cast<size_t>(wants.devices);
    const std::vector<DeviceState>& devices = of.devices;
    return devices.size() >= count && devices[devices.size() - count] == whole(of.cut);
  }
  if (wants.devices > kMostSharesPerWorker) return false;
  int32_t left = wants.devices;
  for (size_t i = of.devices.size(); i > 0 && left > 0; --i) {
    left -= units(of.cut, of.devices[i - 1], wants);
  }
  return left <= 0;
}

void FreeSets::make_room_for(uint32_t need) {
  if (need >= room_needs_) {  // worked out again, for all needs that there are by now
    room_needs_ = static_cast<uint32_t>(needs_.size());
    room_words_ = std::max<size_t>(1, (needs_.size() + 63) / 64);
    room_.clear();
    room_known_.clear();
  }
  room_known_.resize(sets_.size(), 0);
  room_.resize(sets_.size() * room_words_, 0);
}

void FreeSets::work_out_room(FreeSetId set) {
  for (uint32_t need = 0; need < room_needs_; ++need) {
    if (fits(set, need)) room_[set * room_words_ + need / 64] |= uint64_t{1} << (need % 64);
  }
  room_known_[set] = 1;
}

int64_t FreeSets::taken(uint32_t cut, uint32_t need) const {
  const Need& wants = needs_[need];
  if (wants.profile < 0) return wants.total_milli();
  const SliceTable& table = cuts_[cut];
  if (static_cast<size_t>(wants.profile) >= table.profiles.size()) return 0;
  const int64_t slots = table.profiles[static_cast<size_t>(wants.profile)].slots;
  return wants.devices * slots * kWholeDevice / table.slots;
}

int32_t FreeSets::stranded(FreeSetId set, uint32_t need) const {
  const Set& of = sets_[set];
  const Need& wants = needs_[need];
  // Work without devices can use none of them.
  if (wants.is_none() || !fits(set, need)) return of.milli;
  int32_t lost = 0;
  if (wants.profile < 0 && cuts_[of.cut].slots == 0) {  // the common case, without divisions
    for (const DeviceState state : of.devices) {
      if (state >= wants.milli) break;
      lost += state;
    }
    return lost;
  }
  for (const DeviceState state : of.devices) {
    if (units(of.cut, state, wants) == 0) lost += milli_of(of.cut, state);
  }
  return lost;
}

}  // namespace berth::sched
