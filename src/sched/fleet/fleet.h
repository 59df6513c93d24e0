#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
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

// A worker's room on a node. `devices`: for whole devices a bit per device, for shares and slices a
// byte per unit, device + 32 x first slot + 1.
struct Spot {
  NodeIndex node = 0;
  ShapeId shape = 0;
  uint64_t devices = 0;
  bool operator==(const Spot&) const = default;
};

// All nodes and what is free on them, indexed so that the best node for a shape is found without
// looking at nodes one by one. Nodes in the same state (class, free CPU, memory, devices) are
// alike; each shape ranks states, not nodes, and a rank never changes under one outlook, so that an
// index entry is made once per state that comes into being and never repaired.
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
// called. Cost of best(): amortised O(log states) plus one score per state born since the shape was
// last asked for.
class Fleet {
 public:
  Fleet();
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  FreeSets& sets() { return sets_; }
  // REQUIRES: no node of that id yet, at most kMostDevicesPerNode devices.
  NodeIndex add(const NodeFacts& facts);
  void set_outlook(const Outlook& outlook);
  ShapeId shape(const Shape& shape);

  // Another size of a node, or none at all, which keeps its number for when it comes back.
  // REQUIRES: nothing is held there.
  void resize(NodeIndex node, const NodeFacts& facts);
  std::optional<NodeIndex> find(const NodeId& id) const;

  // The best node that has room for a worker of the shape.
  std::optional<NodeIndex> best(ShapeId shape);
  // The same among some nodes. Cost: O(nodes), with one score per state among them.
  std::optional<NodeIndex> best_among(ShapeId shape, std::span<const NodeIndex> nodes);
  // How many workers of the shape a node can take one after the other; for shares an upper bound.
  int64_t workers_that_fit(ShapeId shape, NodeIndex node);
  // REQUIRES: can_take().
  Spot take(ShapeId shape, NodeIndex node);
  void give(const Spot& spot);
  bool can_take(ShapeId shape, NodeIndex node);
  // Takes what is there although it may not be enough, for work that runs whether it fits or not:
  // CPU, memory and pods go below zero, devices that are missing are not part of the spot.
  Spot force(ShapeId shape, NodeIndex node);
  const Shape& shape_of(ShapeId shape) const { return rankings_[shape].shape; }

  const NodeFacts& facts(NodeIndex node) const { return nodes_[node].facts; }
  int32_t free_milli(NodeIndex node) const;
  int64_t free_cpu(NodeIndex node) const;
  int64_t free_memory(NodeIndex node) const;
  int64_t free_pods(NodeIndex node) const { return nodes_[node].pods_free; }
  int64_t whole_free(NodeIndex node) const;  // devices that are wholly free
  size_t nodes() const { return nodes_.size(); }
  size_t states() const { return states_.size(); }  // that are remembered
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
  struct Type {
    DeviceClass device_class;
    uint32_t cut = 0;
    uint32_t signature = 0;
    int64_t price = 0;      // scaled, per thousandth of a device
    int64_t cpu_price = 0;  // scaled, per thousandth of a core
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
    std::vector<NodeIndex>
        heap;  // by order; entries of nodes that have left are dropped at the top
  };
  struct Ranked {
    int64_t score = 0;
    StateId state = 0;
    uint32_t option = 0;
  };
  struct Ranking {
    Shape shape;
    uint32_t need = 0;
    std::vector<bool> types;  // by type, whether it may run there
    std::vector<Ranked> heap;
    size_t seen = 0;  // of births_
    uint64_t epoch = 0;
  };

  uint32_t type_of(const NodeFacts& facts);
  void value_types();
  StateId state_for(const Key& key);
  void enter(NodeIndex node, const Key& key);
  void leave(NodeIndex node);
  void settle(NodeIndex node, const NodeFacts& facts);
  static int32_t pods_that_matter(const Node& node);
  void move_to(NodeIndex node, Key key, const Shape& shape, int64_t workers);
  bool fits(const Ranking& ranking, const State& state) const;
  Ranked score(const Ranking& ranking, StateId state);
  bool is_worse(const Ranked& a, const Ranked& b) const;
  void sync(Ranking& ranking);
  void push(Ranking& ranking, StateId state);
  NodeIndex first_node(StateId state);
  void renumber();
  size_t slot_of(const Key& key) const;
  void forget_dead_states();
  void drop_strangers(StateId state);
  uint64_t mark(Node& node, const Ranking& ranking, FreeSetId set, size_t option);

  FreeSets sets_;
  Outlook outlook_;
  std::unique_ptr<Fragmentation> fragmentation_;
  std::vector<Node> nodes_;
  std::map<NodeId, NodeIndex> by_id_;
  std::vector<Type> types_;
  std::vector<State> states_;
  std::vector<uint32_t> members_;  // by state: nodes in it
  // By state, its nodes by order; entries of nodes that have left are dropped at the top.
  std::vector<std::vector<NodeIndex>> heaps_;
  std::vector<StateId> key_index_;
  std::vector<StateId> births_;  // states in the order in which they came to have nodes
  size_t alive_ = 0;
  std::vector<uint32_t> looked_;  // by state, the look in which best_among() last saw it
  uint32_t look_ = 0;
  std::map<Shape, ShapeId> by_shape_;
  std::vector<Ranking> rankings_;
  uint64_t epoch_ = 1;
  int64_t cpu_unit_ = 0;     // weight of a thousandth of a core left free, scaled
  int64_t device_unit_ = 0;  // of a thousandth of a device
  int64_t largest_cpu_ = 1;
  int64_t largest_devices_ = 1;
};

}  // namespace berth::sched
