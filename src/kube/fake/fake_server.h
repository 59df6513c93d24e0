#pragma once
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "json/json_fwd.h"
#include "kube/fake/kinds.h"
#include "kube/fake/watch_cursor.h"
#include "kube/fake/world.h"
#include "kube/transport.h"

namespace berth::kube::fake {

// An API server in memory, for tests and simulations: what Berth relies on of the real one, and
// nothing that the contract tests (tests/cluster/contract_*) have not also seen the real one do.
//
// It does what it is told at once and alone: no thread, no randomness, time from the clock given.
// What other components of a cluster do later happens in steps that the test calls
// (collect_garbage here, and fake/model_kubelet.h). Clients reach it through a FakeTransport.
class FakeServer {
 public:
  // With the namespaces "default" and "kube-system".
  explicit FakeServer(const Clock& clock);
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  // Serves one more kind, or another way. The resources of kube/resource.h are there from the
  // start.
  void serve(Kind kind) { world_.kinds.add(std::move(kind)); }
  // No more, as without its definition. Objects that are there stay, and come back with it.
  void stop_serving(const Resource& resource) { world_.kinds.remove(resource); }
  void validate_with(const Resource& resource, Validator validate);
  // Answers SubjectAccessReviews, given their spec. Until then everything is allowed.
  void authorize_with(std::function<bool(const Json& spec)> allowed);
  // False: watches that ask for initial events are refused, as servers before 1.34 do.
  void serve_streaming_lists(bool on) { world_.streaming_lists = on; }

  // One exchange, everything but watches.
  Response handle(const Request& request);

  // Where a watch starts, or the response that refuses it.
  std::variant<WatchCursor, Response> watch(const Request& request);
  // The next line for that watch, if there is one. An ERROR line leaves the cursor dead.
  std::optional<std::string> next_line(WatchCursor& cursor);
  std::string bookmark(WatchCursor& cursor);

  // What kube-controller-manager does later: one step (false: nothing to do), or all of it.
  bool collect_one();
  void collect_garbage();

  // Forgets history: watches and continue tokens from before now answer 410.
  void compact() { world_.storage.compact(); }

  // A backup of all objects, and going back to one: see Storage.
  Storage::Backup backup() const { return world_.storage.backup(); }
  void restore(const Storage::Backup& backup) { world_.storage.restore(backup); }
  // Told about every change, by collection: "/pods", "berth.dev/gpujobs".
  void observe(Storage::Observer observer) { world_.storage.observe(std::move(observer)); }

  // For assertions. Objects are without apiVersion and kind; good until the next change.
  const Json* find(const Resource& resource, std::string_view name_space,
                   std::string_view name) const;
  std::vector<const Json*> list(const Resource& resource, std::string_view name_space = {}) const;
  size_t count(const Resource& resource) const { return list(resource).size(); }
  uint64_t version() const { return world_.storage.version(); }

 private:
  World world_;
};

}  // namespace berth::kube::fake
