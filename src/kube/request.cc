#include "kube/request.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace berth::kube {

namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kJsonPatch = "application/json-patch+json";
constexpr std::string_view kMergePatch = "application/merge-patch+json";

constexpr Resource kAccessReviews{"authorization.k8s.io", "v1", "subjectaccessreviews",
                                  "SubjectAccessReview", false};
constexpr Resource kSelfAccessReviews{"authorization.k8s.io", "v1", "selfsubjectaccessreviews",
                                      "SelfSubjectAccessReview", false};

// A query in the order its parts are added; parts without a value are left out.
class Query {
 public:
  Query& add(std::string_view name, std::string_view value) {
    if (value.empty()) return *this;
    if (!text_.empty()) text_ += '&';
    text_ += name;
    text_ += '=';
    text_ += escape(value);
    return *this;
  }
  Query& add_if(bool wanted, std::string_view name, std::string_view value) {
    return wanted ? add(name, value) : *this;
  }
  Query& add(const Selection& select) {
    return add("labelSelector", select.labels).add("fieldSelector", select.fields);
  }
  Query& add(const WriteOptions& options) {
    return add("fieldManager", options.field_manager)
        .add_if(options.dry_run, "dryRun", "All")
        .add_if(options.strict, "fieldValidation", "Strict");
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string_view text_of(VersionMatch match) {
  switch (match) {
    case VersionMatch::Unset: return "";
    case VersionMatch::Exact: return "Exact";
    case VersionMatch::NotOlderThan: return "NotOlderThan";
  }
  __builtin_unreachable();
}

std::string_view text_of(Propagation propagation) {
  switch (propagation) {
    case Propagation::Unset: return "";
    case Propagation::Background: return "Background";
    case Propagation::Foreground: return "Foreground";
    case Propagation::Orphan: return "Orphan";
  }
  __builtin_unreachable();
}

std::string_view path_of(Subresource subresource) {
  switch (subresource) {
    case Subresource::None: return "";
    case Subresource::Status: return "/status";
    case Subresource::Scale: return "/scale";
  }
  __builtin_unreachable();
}

std::string part_path(const Resource& resource, std::string_view name_space, std::string_view name,
                      Subresource subresource) {
  return object_path(resource, name_space, name) + std::string(path_of(subresource));
}

// metadata.`field` of an object, or nothing where a caller left it out; the server then says what
// is missing, better than we could.
std::string metadata_text(const Json& object, const char* field) {
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return {};
  const auto value = metadata->find(field);
  if (value == metadata->end() || !value->is_string()) return {};
  return value->get<std::string>();
}

// Text that is not UTF-8 cannot be sent as JSON; it is replaced, not thrown about.
std::string dump(const Json& body) {
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Request with_body(Method method, std::string path, std::string query, std::string_view type,
                  const Json& body) {
  return {.method = method,
          .path = std::move(path),
          .query = std::move(query),
          .content_type = std::string(type),
          .body = dump(body)};
}

// The DeleteOptions of `options`, or null when they say nothing: a DELETE needs no body then.
Json delete_options(const RemoveOptions& options) {
  Json body = Json::object();
  if (!options.uid.empty()) body["preconditions"]["uid"] = options.uid;
  if (!options.resource_version.empty())
    body["preconditions"]["resourceVersion"] = options.resource_version;
  if (options.propagation != Propagation::Unset)
    body["propagationPolicy"] = text_of(options.propagation);
  if (options.grace_seconds >= 0) body["gracePeriodSeconds"] = options.grace_seconds;
  if (options.dry_run) body["dryRun"] = Json::array({"All"});
  if (body.empty()) return nullptr;
  body["kind"] = "DeleteOptions";
  body["apiVersion"] = "v1";
  return body;
}

Request removal(std::string path, std::string query, const RemoveOptions& options) {
  const Json body = delete_options(options);
  if (!body.is_null())
    return with_body(Method::Delete, std::move(path), std::move(query), kJson, body);
  return {.method = Method::Delete, .path = std::move(path), .query = std::move(query)};
}

Json access_attributes(const Access& access) {
  Json attributes = {{"verb", access.verb}, {"resource", access.resource}};
  if (!access.group.empty()) attributes["group"] = access.group;
  if (!access.subresource.empty()) attributes["subresource"] = access.subresource;
  if (!access.name_space.empty()) attributes["namespace"] = access.name_space;
  if (!access.name.empty()) attributes["name"] = access.name;
  return attributes;
}

Request review(const Resource& resource, Json spec) {
  return create(resource, Json{{"apiVersion", api_version(resource)},
                               {"kind", resource.kind},
                               {"spec", std::move(spec)}});
}

}  // namespace

std::string escape(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kMarks = "-._~";
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                       (byte >= '0' && byte <= '9') || kMarks.find(c) != std::string_view::npos;
    if (plain) {
      escaped += c;
    } else {
      escaped += {'%', kHex[byte >> 4U], kHex[byte & 0xFU]};
    }
  }
  return escaped;
}

Request get(const Resource& resource, std::string_view name_space, std::string_view name,
            Subresource subresource) {
  return {.path = part_path(resource, name_space, name, subresource)};
}

Request list(const Resource& resource, const ListOptions& options) {
  // A continue token carries its version: saying both is refused by the server.
  const bool first_page = options.continue_token.empty();
  return {.path = collection_path(resource, options.select.name_space),
          .query = Query()
                       .add(options.select)
                       .add_if(options.limit > 0, "limit", std::to_string(options.limit))
                       .add("continue", options.continue_token)
                       .add_if(first_page, "resourceVersion", options.resource_version)
                       .add_if(first_page, "resourceVersionMatch", text_of(options.match))
                       .take(),
          .timeout = options.timeout};
}

Request watch(const Resource& resource, const WatchOptions& options) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(options.server_timeout);
  return {
      .path = collection_path(resource, options.select.name_space),
      .query =
          Query()
              .add("watch", "true")
              .add(options.select)
              .add("resourceVersion", options.resource_version)
              .add_if(options.initial_events, "resourceVersionMatch",
                      text_of(VersionMatch::NotOlderThan))
              .add_if(options.initial_events, "sendInitialEvents", "true")
              // A streaming list ends with a bookmark, so it cannot be without.
              .add_if(options.bookmarks || options.initial_events, "allowWatchBookmarks", "true")
              .add_if(seconds.count() > 0, "timeoutSeconds", std::to_string(seconds.count()))
              .take(),
      .timeout = options.silence};
}

Request create(const Resource& resource, const Json& object, const WriteOptions& options) {
  return with_body(Method::Post, collection_path(resource, metadata_text(object, "namespace")),
                   Query().add(options).take(), kJson, object);
}

Request replace(const Resource& resource, const Json& object, const WriteOptions& options) {
  return with_body(Method::Put,
                   part_path(resource, metadata_text(object, "namespace"),
                             metadata_text(object, "name"), options.subresource),
                   Query().add(options).take(), kJson, object);
}

Request replace_status(const Resource& resource, const Json& object, WriteOptions options) {
  options.subresource = Subresource::Status;
  return replace(resource, object, options);
}

Request patch_json(const Resource& resource, std::string_view name_space, std::string_view name,
                   const Json& operations, const WriteOptions& options) {
  return with_body(Method::Patch, part_path(resource, name_space, name, options.subresource),
                   Query().add(options).take(), kJsonPatch, operations);
}

Request patch_merge(const Resource& resource, std::string_view name_space, std::string_view name,
                    const Json& patch, const WriteOptions& options) {
  return with_body(Method::Patch, part_path(resource, name_space, name, options.subresource),
                   Query().add(options).take(), kMergePatch, patch);
}

Request patch_status(const Resource& resource, std::string_view name_space, std::string_view name,
                     const Json& patch, WriteOptions options) {
  options.subresource = Subresource::Status;
  return patch_merge(resource, name_space, name, patch, options);
}

Request remove(const Resource& resource, std::string_view name_space, std::string_view name,
               const RemoveOptions& options) {
  return removal(object_path(resource, name_space, name), "", options);
}

Request remove_collection(const Resource& resource, const Selection& select,
                          const RemoveOptions& options) {
  return removal(collection_path(resource, select.name_space), Query().add(select).take(), options);
}

Request bind_pod(std::string_view name_space, std::string_view pod, std::string_view pod_uid,
                 std::string_view node) {
  const Json body = {{"apiVersion", "v1"},
                     {"kind", "Binding"},
                     {"metadata", {{"namespace", name_space}, {"name", pod}, {"uid", pod_uid}}},
                     {"target", {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", node}}}};
  return with_body(Method::Post, object_path(kPods, name_space, pod) + "/binding", "", kJson, body);
}

Request evict(std::string_view name_space, std::string_view pod, const RemoveOptions& options) {
  Json body = {{"apiVersion", "policy/v1"},
               {"kind", "Eviction"},
               {"metadata", {{"namespace", name_space}, {"name", pod}}}};
  if (Json rules = delete_options(options); !rules.is_null())
    body["deleteOptions"] = std::move(rules);
  return with_body(Method::Post, object_path(kPods, name_space, pod) + "/eviction", "", kJson,
                   body);
}

Request discover(const Resource& resource) { return {.path = "/apis/" + api_version(resource)}; }

bool is_served(const Json& resources, const Resource& resource) {
  const auto named = resources.find("resources");
  return named != resources.end() && named->is_array() &&
         std::any_of(named->begin(), named->end(), [&](const Json& one) {
           return one.is_object() && one.value("name", Json()) == resource.plural;
         });
}

Request subject_access_review(const Subject& subject, const Access& access) {
  Json spec = {{"resourceAttributes", access_attributes(access)}, {"user", subject.user}};
  if (!subject.groups.empty()) spec["groups"] = subject.groups;
  if (!subject.uid.empty()) spec["uid"] = subject.uid;
  return review(kAccessReviews, std::move(spec));
}

Request self_subject_access_review(const Access& access) {
  return review(kSelfAccessReviews, Json{{"resourceAttributes", access_attributes(access)}});
}

}  // namespace berth::kube
