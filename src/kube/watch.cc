// gcc 12 at -O2 takes the empty alternatives of a moved variant of JSON for uninitialised values.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include "kube/watch.h"

#include <algorithm>

#include "json/parse.h"
#include "kube/reply.h"
#include "kube/version.h"

namespace berth::kube {
namespace {

constexpr std::string_view kInitialEventsEnd = "k8s.io/initial-events-end";

// The text member at `name` of `object`, empty when there is none.
std::string text_at(const Json& object, std::string_view name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

const Json& meta_of(const Json& object) {
  static const Json empty = Json::object();
  const auto found = object.find("metadata");
  return found != object.end() && found->is_object() ? *found : empty;
}

bool ends_initial_events(const Json& meta) {
  const auto annotations = meta.find("annotations");
  return annotations != meta.end() && text_at(*annotations, kInitialEventsEnd) == "true";
}

}  // namespace

Watch::Action Watch::next(Monotonic now) {
  if (under_way_) return Wait{Monotonic::max()};
  if (delay_) not_before_ = now + *std::exchange(delay_, std::nullopt);
  if (now < not_before_) return Wait{not_before_};
  under_way_ = true;
  if (state_ == State::NeedList) {
    const bool pages = streaming_refused_ || pages_this_time_;
    state_ = pages ? State::Listing : State::Streaming;
  }
  if (state_ == State::Listing) return List{list_request()};
  if (state_ == State::NeedWatch) state_ = State::Watching;
  alive_ = false;
  return Open{stream_request()};
}

void Watch::listed(Result<Json> page, Deltas& deltas) {
  under_way_ = false;
  if (!page) {
    if (page.error().code == Code::Expired) list_again();  // the token, so all pages before it
    return fail(page.error());
  }
  const auto items = page->find("items");
  if (items == page->end() || !(items->is_array() || items->is_null())) {
    list_again();
    return fail({Code::Invalid, attempt(list_request()) + ": a list without items"});
  }
  failures_ = 0;
  if (continue_.empty()) begin_list(deltas);
  for (Json& item : *items) deltas.push_back(Upsert{std::move(item)});
  const Json& meta = meta_of(*page);
  continue_ = text_at(meta, "continue");
  if (continue_.empty()) end_list(text_at(meta, "resourceVersion"), deltas);
}

bool Watch::line(std::string_view text, Deltas& deltas) {
  Json event = parse_json(text, target_.read);
  const auto object = event.is_object() ? event.find("object") : event.end();
  if (!event.is_object() || object == event.end() || !object->is_object()) {
    interrupted();
    fail({Code::Invalid, attempt(stream_request()) + ": a line that is no event"});
    return false;
  }
  const std::string type = text_at(event, "type");
  if (type == "ERROR") {
    const Error error = error_of_event(stream_request(), *object);
    ended(error);
    return false;
  }
  alive_ = true;
  failures_ = 0;
  if (type == "BOOKMARK") return bookmark(*object, deltas);
  return change(type, std::move(*object), deltas);
}

bool Watch::change(std::string_view type, Json object, Deltas& deltas) {
  if (state_ == State::Streaming) {
    begin_list(deltas);
  } else if (std::string version = text_at(meta_of(object), "resourceVersion"); !version.empty()) {
    version_ = std::move(version);
  }
  if (type == "DELETED") {
    deltas.push_back(Remove{std::move(object)});
  } else {
    deltas.push_back(Upsert{std::move(object)});
  }
  return true;
}

bool Watch::bookmark(const Json& object, Deltas& deltas) {
  const Json& meta = meta_of(object);
  std::string version = text_at(meta, "resourceVersion");
  if (state_ == State::Streaming) {
    if (!ends_initial_events(meta)) return true;
    begin_list(deltas);
    end_list(std::move(version), deltas);
    state_ = State::Watching;
    return true;
  }
  if (is_newer(version_, version)) {
    interrupted();
    list_again();
    fail({Code::Expired, "a bookmark went back from " + version_ + " to " + version});
    return false;
  }
  version_ = std::move(version);
  return true;
}

void Watch::ended(const Status& status) {
  const bool was_list = state_ == State::Streaming;
  interrupted();
  if (status.ok()) {
    // A server that knows no streaming lists ends the stream without having marked the list.
    if (was_list) pages_this_time_ = true;
    if (!alive_) fail({Code::Unavailable, "the stream ended before it told anything"});
    return;
  }
  const Code code = status.error().code;
  if (was_list && code == Code::Invalid) {
    streaming_refused_ = true;
    return;
  }
  if (code == Code::Expired) list_again();
  fail(status.error());
  if (!alive_ && failures_ % kTriesBeforeList == 0) list_again();
}

// The stream is over: what was known stays known, unless it was not even a whole list.
void Watch::interrupted() {
  under_way_ = false;
  state_ = state_ == State::Watching ? State::NeedWatch : State::NeedList;
  began_ = false;
}

void Watch::begin_list(Deltas& deltas) {
  if (std::exchange(began_, true)) return;
  deltas.push_back(ListBegin{});
}

void Watch::end_list(std::string version, Deltas& deltas) {
  const bool went_back = is_newer(version_, version);
  version_ = version;
  deltas.push_back(ListEnd{std::move(version), went_back});
  began_ = false;
  pages_this_time_ = false;
  state_ = State::NeedWatch;
}

void Watch::list_again() {
  state_ = State::NeedList;
  continue_.clear();
  began_ = false;
}

void Watch::fail(const Error& error) {
  ++failures_;
  const Millis backoff = rules_.backoff.delay(failures_, rules_.seed);
  delay_ = std::max(backoff, error.retry_after.value_or(Millis{0}));
}

Request Watch::list_request() const {
  return list(target_.resource, {.select = target_.select,
                                 .limit = rules_.page_limit,
                                 .continue_token = continue_,
                                 .timeout = rules_.list_timeout});
}

Request Watch::stream_request() const {
  const bool whole = state_ == State::Streaming || state_ == State::NeedList;
  return watch(target_.resource, {.select = target_.select,
                                  .resource_version = whole ? std::string() : version_,
                                  .initial_events = whole,
                                  .server_timeout = rules_.server_timeout,
                                  .silence = rules_.silence});
}

}  // namespace berth::kube
