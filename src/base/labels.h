#pragma once
#include <compare>
#include <cstddef>
#include <initializer_list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

namespace berth {

// The labels of an object, by key. Copies share what they hold, for an object's labels are kept by
// all who look at it and hardly ever change; what changes becomes a copy of its own first. Changed
// by one thread, while no other copies it.
class Labels {
 public:
  using Map = std::map<std::string, std::string>;
  using key_type = Map::key_type;
  using mapped_type = Map::mapped_type;
  using value_type = Map::value_type;
  using iterator = Map::const_iterator;
  using const_iterator = Map::const_iterator;

  Labels() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): labels are written as a map, and read as one
  Labels(Map map) : shared_(map.empty() ? nullptr : new Map(std::move(map))) {}
  Labels(std::initializer_list<value_type> labels) : Labels(Map(labels)) {}

  const Map& map() const {
    static const Map kNone;
    return shared_ ? *shared_ : kNone;
  }
  // NOLINTNEXTLINE(google-explicit-constructor): see above
  operator const Map&() const { return map(); }
  const_iterator begin() const { return map().begin(); }
  const_iterator end() const { return map().end(); }
  const_iterator find(const std::string& key) const { return map().find(key); }
  bool contains(const std::string& key) const { return map().contains(key); }
  const std::string& at(const std::string& key) const { return map().at(key); }
  size_t size() const { return map().size(); }
  bool empty() const { return map().empty(); }
  // Somebody else holds the same ones.
  bool is_shared() const { return shared_.use_count() > 1; }

  std::string& operator[](const std::string& key) { return own()[key]; }
  void insert_or_assign(std::string key, std::string value) {
    own().insert_or_assign(std::move(key), std::move(value));
  }
  void erase(const std::string& key) {
    if (contains(key)) own().erase(key);
  }
  void clear() { shared_.reset(); }

  friend bool operator==(const Labels& a, const Labels& b) {
    return a.shared_ == b.shared_ || a.map() == b.map();
  }
  friend auto operator<=>(const Labels& a, const Labels& b) { return a.map() <=> b.map(); }

 private:
  Map& own() {
    if (!shared_ || is_shared()) shared_.reset(new Map(map()));
    return *shared_;
  }

  std::shared_ptr<Map> shared_;  // null: none
};

// Finds equal labels again, so that those of the many pods of one template are there once.
class SameLabels {
 public:
  // As they are, shared with all who were given equal ones and still hold them.
  Labels share(const Labels& labels) {
    if (labels.empty()) return labels;
    Labels known = *known_.insert(labels).first;
    if (known_.size() > 2 * kept_ + 64) {
      std::erase_if(known_, [](const Labels& each) { return !each.is_shared(); });
      kept_ = known_.size();
    }
    return known;
  }
  size_t size() const { return known_.size(); }

 private:
  std::set<Labels> known_;
  size_t kept_ = 0;  // when it was last looked whether anybody holds them
};

}  // namespace berth
