#include "sched/core/node_choice.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <utility>

#include "sched/time/profile.h"

namespace berth::sched {
namespace {

int64_t sum_of(const std::map<NodeId, int64_t>& devices) {
  int64_t sum = 0;
  for (const auto& [node, count] : devices) sum += count;
  return sum;
}

constexpr std::array<Agenda::Terms, 3> kTerms = {{{false, false}, {true, false}, {true, true}}};

}  // namespace

Agenda& NodeChoice::agenda(const NodeId& node) {
  return agendas_.try_emplace(node, world_, node, now_).first->second;
}

int64_t NodeChoice::free_on(const NodeId& node, const Reservation& one, const Occurrence& window,
                            Agenda::Terms terms) {
  const auto at = world_.nodes().find(node);
  if (at == world_.nodes().end() || at->second.device_class != one.device_class) return 0;
  return agenda(node).free_for(one.uid, window, terms);
}

std::vector<NodeChoice::Offer> NodeChoice::offers(const Reservation& one, const Occurrence& window,
                                                  Agenda::Terms terms, const Region& region) {
  std::set<NodeId> were;
  const auto before = world_.reservations().find(one.uid);
  if (before != world_.reservations().end()) {
    for (const Booking& booking : before->second.bookings) {
      for (const auto& [node, devices] : booking.devices) were.insert(node);
    }
  }
  std::vector<Offer> offers;
  for (const auto& [id, node] : world_.nodes()) {
    if (region && world_.region_of(id) != *region) continue;
    const int64_t devices = free_on(id, one, window, terms);
    if (devices > 0) offers.push_back({id, devices, were.contains(id)});
  }
  return offers;
}

std::map<NodeId, int64_t> NodeChoice::pick(std::vector<Offer> offers, int64_t need) {
  std::map<NodeId, int64_t> picked;
  const auto take = [&](const Offer& offer) {
    const int64_t devices = std::min(offer.devices, need);
    if (devices > 0) picked[offer.node] += devices;
    need -= devices;
  };
  for (const Offer& offer : offers) {
    if (offer.was) take(offer);
  }
  std::erase_if(offers, [](const Offer& offer) { return offer.was; });
  std::sort(offers.begin(), offers.end(), [](const Offer& a, const Offer& b) {
    return a.devices != b.devices ? a.devices > b.devices : a.node < b.node;
  });
  for (size_t i = 0; i < offers.size() && need > 0; ++i) {
    if (offers[i].devices <= need) {
      take(offers[i]);
      continue;
    }
    // All that is left fits on one node: the tightest of those, the first of equal ones.
    const auto first = offers.begin() + static_cast<ptrdiff_t>(i);
    const auto end = std::partition_point(first, offers.end(),
                                          [&](const Offer& o) { return o.devices >= need; });
    const int64_t least = std::prev(end)->devices;
    take(*std::find_if(first, end, [&](const Offer& o) { return o.devices == least; }));
  }
  return picked;
}

std::map<NodeId, int64_t> NodeChoice::pick_cells(const Cells& cells,
                                                 const std::vector<Offer>& offers,
                                                 const std::map<NodeId, int64_t>& has) {
  struct Place {
    std::string value;
    std::vector<Offer> offers;
    int64_t room = 0;
    int64_t has = 0;
    bool was = false;
  };
  std::map<std::string, Place> places;
  const auto place_of = [&](const NodeId& node) -> Place* {
    const auto index = world_.fleet().find(node);
    if (!index || !world_.nodes().contains(node)) return nullptr;
    const std::string& value = world_.topology().value(*index, cells.level);
    if (value.empty()) return nullptr;
    Place& place = places[value];
    place.value = value;
    return &place;
  };
  for (const auto& [node, devices] : has) {
    if (Place* place = place_of(node)) place->has += devices;
  }
  for (const Offer& offer : offers) {
    Place* place = place_of(offer.node);
    if (place == nullptr) continue;
    place->offers.push_back(offer);
    place->room += offer.devices;
    place->was = place->was || offer.was;
  }
  std::vector<const Place*> order;
  for (const auto& [value, place] : places) {
    if (place.has > 0 || place.room >= cells.devices) order.push_back(&place);
  }
  std::sort(order.begin(), order.end(), [](const Place* a, const Place* b) {
    return std::tuple(a->has == 0, !a->was, a->room, std::string_view(a->value)) <
           std::tuple(b->has == 0, !b->was, b->room, std::string_view(b->value));
  });
  std::map<NodeId, int64_t> picked;
  for (size_t cell = 0; cell < order.size() && static_cast<int64_t>(cell) < cells.count; ++cell) {
    const int64_t lacks = std::max<int64_t>(0, cells.devices - order[cell]->has);
    for (const auto& [node, devices] : pick(order[cell]->offers, lacks)) picked[node] += devices;
  }
  return picked;
}

std::optional<std::map<NodeId, int64_t>> NodeChoice::choose(const Reservation& one,
                                                            const Occurrence& window,
                                                            bool is_strict, const Region& region) {
  for (const Agenda::Terms& terms : kTerms) {
    if (terms.on_demand && (is_strict || window.from > now_)) break;
    const std::vector<Offer> from = offers(one, window, terms, region);
    auto picked = one.cells ? pick_cells(*one.cells, from, {}) : pick(from, one.count);
    if (sum_of(picked) == one.count) return picked;
  }
  return std::nullopt;
}

std::map<NodeId, int64_t> NodeChoice::choose_more(const Reservation& one, const Booking& booking,
                                                  const Region& region) {
  const int64_t lacks = one.count - booking.total();
  std::map<NodeId, int64_t> picked;
  for (const Agenda::Terms& terms : kTerms) {
    std::vector<Offer> from = offers(one, booking.window, terms, region);
    for (Offer& offer : from) {
      const auto has = booking.devices.find(offer.node);
      if (has != booking.devices.end()) offer.devices -= has->second;
    }
    std::erase_if(from, [](const Offer& offer) { return offer.devices <= 0; });
    picked = one.cells ? pick_cells(*one.cells, from, booking.devices) : pick(from, lacks);
    if (sum_of(picked) == lacks) break;
  }
  return picked;
}

std::vector<Instant> NodeChoice::starts_for(const Reservation& one, Instant from, size_t most) {
  const Instant first = std::max(from, now_);
  std::set<Instant> starts{first};
  const auto add = [&](Instant at) {
    if (at > first && at != Instant::max()) starts.insert(at);
  };
  for (const auto& [source, held] : world_.holders()) {
    const auto& charges = held.facts.charges;
    const bool holds = std::any_of(charges.begin(), charges.end(), [&](const Charge& charge) {
      return charge.devices > 0 && charge.device_class == one.device_class;
    });
    if (!holds) continue;
    const Release release = release_of(world_, held, now_);
    add(release.ends);
    if (release.gives_way) add(later(std::max(now_, release.not_before), release.takes));
  }
  for (const auto& [node, agenda] : agendas_) {
    for (const Agenda::Entry& entry : agenda.entries()) add(entry.window.until);
  }
  std::vector<Instant> found(starts.begin(), starts.end());
  if (found.size() > most) found.resize(most);
  return found;
}

}  // namespace berth::sched
