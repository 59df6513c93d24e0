#pragma once
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "decisionlog/kinds.h"
#include "decisionlog/record.h"

namespace berth::decisionlog {

// Says of each pass what is new. It keeps the JSON of every fact and a copy of every ask to know
// what that is: about a kilobyte each.
class Recorder {
 public:
  template <class T>
  void set(const T& fact) {
    constexpr size_t kKind = index_of<T>();
    const std::string key = Kind<T>::key(fact);
    std::string& known = known_[kKind][key];
    std::string text = json_of(fact);
    if (known == text) return;
    known = std::move(text);
    changed_[kKind].insert(key);
  }
  template <class T>
  void remove(const std::string& key) {
    constexpr size_t kKind = index_of<T>();
    if (known_[kKind].erase(key) > 0) changed_[kKind].insert(key);
  }
  // These and no others.
  template <class T>
  void set_all(const std::vector<T>& facts) {
    std::set<std::string> keys;
    for (const T& fact : facts) {
      set(fact);
      keys.insert(Kind<T>::key(fact));
    }
    std::vector<std::string> gone;
    for (const auto& [key, text] : known_[index_of<T>()]) {
      if (!keys.contains(key)) gone.push_back(key);
    }
    for (const std::string& key : gone) remove<T>(key);
  }

  // The body of the line of a pass. Cost: a comparison per ask, and what is new is written.
  std::string pass(int64_t number, const std::vector<const sched::Ask*>& asks, Instant now,
                   const std::vector<sched::Decision>& decisions);
  // The next pass says all that is known, as the first one of a file does.
  void begin_anew();

 private:
  template <class T>
  static constexpr size_t index_of() {
    size_t index = 0;
    while (Kinds::kNames[index] != Kind<T>::kName) ++index;
    return index;
  }
  void see(const std::vector<const sched::Ask*>& asks);

  struct Asked {
    sched::Ask ask;
    int64_t pass = 0;  // in which it was seen last
  };

  int64_t pass_ = 0;                                              // the last one
  std::array<std::map<std::string, std::string>, kKinds> known_;  // by key, as JSON; no asks
  std::array<std::set<std::string>, kKinds> changed_;             // keys
  std::map<std::string, Asked> asks_;
  std::vector<std::string> new_asks_;  // as JSON
  std::vector<std::string> gone_asks_;
  Holds holds_;
};

}  // namespace berth::decisionlog
