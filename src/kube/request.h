#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "json/json_fwd.h"
#include "kube/resource.h"
#include "kube/transport.h"

// Requests to an API server as values: pure functions from what is meant to a Request, which a test
// compares and a Transport sends. An empty string or a zero means "do not say", unless noted.
namespace berth::kube {

// Which part of an object a request reads or writes.
enum class Subresource { None, Status, Scale };

// How a resourceVersion given to a list or a streaming list is meant.
enum class VersionMatch { Unset, Exact, NotOlderThan };

// Which objects of a collection. The selectors are in the API's own text form, "a=b,c in (d,e)".
struct Selection {
  std::string name_space;  // empty: all namespaces
  std::string labels;
  std::string fields;

  bool operator==(const Selection&) const = default;
};

struct ListOptions {
  Selection select;
  int64_t limit = 0;           // most objects of one page; client libraries commonly take 500
  std::string continue_token;  // metadata.continue of the page before
  // Empty reads with a quorum; "0" accepts whatever a cache has.
  std::string resource_version;
  VersionMatch match = VersionMatch::Unset;
  Millis timeout{60'000};
};

struct WatchOptions {
  Selection select;
  std::string resource_version;  // where to go on; empty starts with the state of now
  bool bookmarks = true;
  // A streaming list: the state first, as ADDED events, then a bookmark that says it is whole.
  bool initial_events = false;
  Millis server_timeout{300'000};  // when the server is to end the stream, cleanly; whole seconds
  // Longest silence before the stream counts as dead; longer than the minute between bookmarks.
  Millis silence{90'000};
};

struct WriteOptions {
  Subresource subresource = Subresource::None;
  std::string field_manager;  // who owns the written fields; the user agent when empty
  bool dry_run = false;       // everything but the storing
  bool strict = false;        // refuse unknown and duplicate fields; otherwise they are dropped
};

enum class Propagation { Unset, Background, Foreground, Orphan };

struct RemoveOptions {
  std::string uid;               // precondition: only this very object
  std::string resource_version;  // precondition: only this state of it
  Propagation propagation = Propagation::Unset;
  int64_t grace_seconds = -1;  // below zero leaves the object's own; 0 is at once
  bool dry_run = false;
};

Request get(const Resource& resource, std::string_view name_space, std::string_view name,
            Subresource subresource = Subresource::None);
Request list(const Resource& resource, const ListOptions& options = {});
Request watch(const Resource& resource, const WatchOptions& options = {});

// Creates `object`; the namespace is the object's own.
Request create(const Resource& resource, const Json& object, const WriteOptions& options = {});
// Writes `object` over the one of its name. With metadata.resourceVersion in it this is the
// compare-and-swap: Conflict when somebody wrote since.
Request replace(const Resource& resource, const Json& object, const WriteOptions& options = {});
Request replace_status(const Resource& resource, const Json& object, WriteOptions options = {});

// RFC 6902: a list of operations, of which a failed "test" makes the whole Invalid; the API server
// says no more than that it was invalid, so the caller has to know whether that means a conflict.
Request patch_json(const Resource& resource, std::string_view name_space, std::string_view name,
                   const Json& operations, const WriteOptions& options = {});
// RFC 7386: null removes. A metadata.resourceVersion (and uid) in the patch is checked by the
// server, which makes it a compare-and-swap.
Request patch_merge(const Resource& resource, std::string_view name_space, std::string_view name,
                    const Json& patch, const WriteOptions& options = {});
Request patch_status(const Resource& resource, std::string_view name_space, std::string_view name,
                     const Json& patch, WriteOptions options = {});

Request remove(const Resource& resource, std::string_view name_space, std::string_view name,
               const RemoveOptions& options = {});
// Deletes everything selected in one request. Preconditions are not for collections.
Request remove_collection(const Resource& resource, const Selection& select,
                          const RemoveOptions& options = {});

// Binds a pod to a node. The server checks `pod_uid`: Conflict when the name is another pod by now.
Request bind_pod(std::string_view name_space, std::string_view pod, std::string_view pod_uid,
                 std::string_view node);
// Asks for an eviction, which a PodDisruptionBudget may refuse with 429 (Unavailable).
Request evict(std::string_view name_space, std::string_view pod, const RemoveOptions& options = {});

// What the API server serves of that group and version: an APIResourceList, NotFound where it
// serves nothing. Every account may ask.
Request discover(const Resource& resource);
// Whether such an answer names the resource.
bool is_served(const Json& resources, const Resource& resource);

// May somebody do this? The answer is status.allowed of the reply.
struct Access {
  std::string verb;  // "create"
  std::string group;
  std::string resource;  // plural
  std::string subresource;
  std::string name_space;
  std::string name;
};
struct Subject {
  std::string user;
  std::vector<std::string> groups;
  std::string uid;
};
Request subject_access_review(const Subject& subject, const Access& access);
Request self_subject_access_review(const Access& access);

// Percent-encoding for a query value or a path segment: everything but RFC 3986 unreserved.
std::string escape(std::string_view text);

}  // namespace berth::kube
