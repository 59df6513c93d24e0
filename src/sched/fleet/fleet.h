#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "sched/fleet/fragmentation.h"
#include "sched/fleet/free_sets.h"
#include "sched/fleet/outlook.h"
#include "sched/ids.h"

namespace berth::sched {

using NodeIndex = uint32_t;
using ShapeId = uint32_t;

// A node as the fleet sees it: what it has in all. Taken room is taken by take().
struct NodeFacts {
  NodeId id;
  DeviceClass device_class;  // empty for a node without devices
  int32_t devices = 0;
  int64_t cpu_milli = 0;
  int64_t memory_bytes = 0;
  int64_t pods = INT64_MAX;
  uint32_t cut = 0;  // FreeSets::cut of its devices
};

// What one worker needs of a node.
struct Shape {
  Need need;
  int64_t cpu_milli = 0;
  int64_t memory_bytes = 0;
  std::vector<DeviceClass> classes;  // sorted; empty means any
  auto operator<=>(const Shape&) const = default;
};

// A worker's room on a node. `devices`: for whole devices a bit per device, for shares a byte per
// unit, device + 1, for slices device + 32 x first slot + 1.
struct Spot {
  NodeIndex node = 0;
  ShapeId shape = 0;
  uint64_t devices = 0;
  bool operator==(const Spot&) const = default;
};

// All nodes and what is free on them, indexed so that the best node for a shape is found without
// looking at nodes one by one. Nodes in the same state (class, free CPU, memory, devices) are
// alike, and shapes that differ only in the classes they allow have the same footprint. Each ranks
// the states of each class, not nodes; such a rank never changes under one mix, so that an index
// entry is made once per state that comes into being and never repaired. Prices are the same for
// all states of a class: they decide between the best of each, and may change at any time.
//
// The score of placing a shape on a state, in thousandths of a device (larger is better):
//
//     F(before) - F(after)                                    expected fragmentation, FGD
//   - weights.cpu     * CPU left / CPU of the largest node     } fill nodes, so that whole ones
//   - weights.devices * devices left / devices of the largest  } stay free
//   - price(class) * devices taken - cpu_price(class) * cores taken
//
// Equal scores go to the state with fewer devices free, then less CPU, less memory, smaller class;
// among nodes of one state to the smallest id: a total order over what nodes are, not how they are
// called. Cost of best(): amortised O(classes x log states) plus one score per state born since the
// footprint was last asked for that it fits on.
class Fleet {
 public:
  Fleet();
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  FreeSets& sets() { return sets_; }
  // REQUIRES: no node of that id yet, at most kMostDevicesPerNode devices, and where those are cut
  // into slices, kMostSlicedDevicesPerNode.
  NodeIndex add(const NodeFacts& facts);
  void set_outlook(const Outlook& outlook);
  // Only the prices of the outlook, which costs next to nothing.
  void set_prices(std::map<DeviceClass, int64_t> prices);
  ShapeId shape(const Shape& shape);

  // Another size of a node, or none at all, which keeps its number for when it comes back.
  // REQUIRES: nothing is held there.
  void resize(NodeIndex node, const NodeFacts& facts);
  std::optional<NodeIndex> find(const NodeId& id) const;

  // The next best node, with its score and that of the best.
  struct Second {
    NodeIndex node = 0;
    int64_t score = 0;
    int64_t best = 0;
  };
  // The best node that has room for a worker of the shape. `second`, where it is asked for, is what
  // the rank says anyway, nothing where there is no other.
  std::optional<NodeIndex> best(ShapeId shape, std::optional<Second>* second = nullptr);
  // The same among some nodes. Cost: O(nodes), with one score per state among them.
  std::optional<NodeIndex> best_among(ShapeId shape, std::span<const NodeIndex> nodes,
                                      std::optional<Second>* second = nullptr);
  // How many workers of the shape a node can take one after the other; for shares an upper bound.
  int64_t workers_that_fit(ShapeId shape, NodeIndex node);
  // REQUIRES: can_take().
  Spot take(ShapeId shape, NodeIndex node);
  void give(const Spot& spot);
  bool can_take(ShapeId shape, NodeIndex node);
  // Takes what is there although it may not be enough, for work that runs whether it fits or not:
  // CPU, memory and pods go below zero, devices that are missing are not part of the spot.
  Spot force(ShapeId shape, NodeIndex node);
  // Undoes give(). REQUIRES: nobody took those devices since.
  void retake(const Spot& spot);
  const Shape& shape_of(ShapeId shape) const { return wishes_[shape].shape; }

  const NodeFacts& facts(NodeIndex node) const { return nodes_[node].facts; }
  int32_t free_milli(NodeIndex node) const;
  int64_t free_cpu(NodeIndex node) const;
  int64_t free_memory(NodeIndex node) const;
  int64_t free_pods(NodeIndex node) const { return nodes_[node].pods_free; }
  int64_t whole_free(NodeIndex node) const;  // devices that are wholly free
  size_t nodes() const { return nodes_.size(); }
  size_t states() const { return states_.size(); }  // that are remembered
  size_t births() const { return births_; }         // the same
  // Thousandths of devices of a class that are free.
  int64_t free_of(const DeviceClass& device_class) const;
  // Sum over all nodes, in thousandths of a device; 0 without a mix.
  int64_t fragmented_milli() const;

 private:
  using StateId = uint32_t;
  struct Node {
    NodeFacts facts;
    uint64_t order = 0;  // ascending with the id
    StateId state = 0;
    uint32_t type = 0;
    std::vector<DeviceState> devices;  // free of each
    int64_t pods_free = 0;
  };
  // A state that came to have nodes, and what most footprints are refused by.
  struct Birth {
    uint64_t needs = 0;  // FreeSets::needs_that_may_fit
    int64_t cpu = 0;
    int64_t memory = 0;
    StateId state = 0;
    uint32_t number = 0;  // among the births of its type
  };
  struct Type {
    DeviceClass device_class;
    uint32_t cut = 0;
    uint32_t signature = 0;
    int64_t price = 0;      // scaled, per thousandth of a device
    int64_t cpu_price = 0;  // scaled, per thousandth of a core
    int64_t free_milli = 0;
    std::vector<Birth> births;  // in their order
    std::vector<Birth> alive;   // the last one of each state that has nodes, in any order
  };
  struct Key {
    uint32_t type = 0;
    FreeSetId set = 0;
    int64_t cpu = 0;
    int64_t memory = 0;
    int32_t pods = 0;
    bool operator==(const Key&) const = default;
  };
  struct State {
    Key key;
    int32_t fragmentation = 0;
  };
  struct Ranked {
    int64_t score = 0;  // without prices
    StateId state = 0;
    uint32_t option = 0;
  };
  // What best() said last, which mostly is what take() is asked for next.
  struct Answer {
    uint64_t epoch = 0;
    uint32_t footprint = 0;
    StateId state = 0;
    uint32_t option = 0;
  };
  // The states of a type ranked for a footprint.
  struct Ranking {
    std::vector<Ranked> heap;
    size_t seen = 0;     // of the type's births
    uint64_t epoch = 0;  // no epoch has that number
  };
  struct Footprint {
    uint32_t need = 0;
    int64_t cpu_milli = 0;
    int64_t memory_bytes = 0;
    std::vector<Ranking> rankings;  // by type
  };
  struct Wish {
    Shape shape;
    uint32_t footprint = 0;
    std::vector<bool> types;  // by type, whether it may run there
  };

  uint32_t type_of(const NodeFacts& facts);
  void value(Type& type) const;
  void weigh();
  StateId state_for(const Key& key);
  void bear(StateId state);
  void bury(StateId state);
  void enter(NodeIndex node, const Key& key);
  void leave(NodeIndex node);
  void settle(NodeIndex node, const NodeFacts& facts);
  void change_devices(Node& node, const Spot& spot, bool take);
  static int32_t pods_that_matter(const Node& node);
  void move_to(NodeIndex node, Key key, const Shape& shape, int64_t workers);
  uint32_t footprint_of(const Shape& shape);
  bool fits(const Footprint& footprint, const State& state);
  Ranked score(const Footprint& footprint, StateId state);
  uint32_t option_of(uint32_t footprint, StateId state);
  int64_t price(const Footprint& footprint, uint32_t type) const;
  bool is_worse(const Ranked& a, const Ranked& b) const;
  bool is_worse_state(StateId a, StateId b) const;
  void sync(const Footprint& footprint, Ranking& ranking, uint32_t type);
  void push(const Footprint& footprint, Ranking& ranking, StateId state);
  const Ranked* top(Footprint& footprint, uint32_t type);
  std::optional<Ranked> below_top(Footprint& footprint, uint32_t type);
  std::optional<Second> second_to(const Wish& wish, const Ranked& best);
  NodeIndex first_node(StateId state);
  NodeIndex second_node(StateId state);
  void renumber();
  void measure_largest();
  size_t slot_of(const Key& key) const;
  void forget_dead_states();
  void drop_strangers(StateId state);
  uint64_t mark(Node& node, const Footprint& footprint, FreeSetId set, size_t option);

  FreeSets sets_;
  Outlook outlook_;
  std::unique_ptr<Fragmentation> fragmentation_;
  std::vector<Node> nodes_;
  std::map<NodeId, NodeIndex> by_id_;
  std::vector<Type> types_;
  std::vector<State> states_;
  std::vector<uint32_t> members_;  // by state: nodes in it
  std::vector<uint32_t> places_;   // by state with nodes: where it is in its type's alive
  // By state, its nodes by order; entries of nodes that have left are dropped at the top.
  std::vector<std::vector<NodeIndex>> heaps_;
  std::vector<std::vector<NodeIndex>> spare_heaps_;  // of states without nodes, for their memory
  std::vector<StateId> key_index_;
  size_t births_ = 0;  // of all types
  size_t alive_ = 0;
  std::vector<uint32_t> looked_;  // by state, the look in which best_among() last saw it
  uint32_t look_ = 0;
  std::map<Shape, ShapeId> by_shape_;
  std::vector<Wish> wishes_;  // by shape
  std::map<std::tuple<uint32_t, int64_t, int64_t>, uint32_t> by_footprint_;
  std::vector<Footprint> footprints_;
  uint64_t epoch_ = 1;
  Answer answer_;
  int64_t cpu_unit_ = 0;     // weight of a thousandth of a core left free, scaled
  int64_t device_unit_ = 0;  // of a thousandth of a device
  int64_t largest_cpu_ = 1;
  int64_t largest_devices_ = 1;
};

}  // namespace berth::sched
