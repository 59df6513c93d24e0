#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "router/moment.h"
#include "router/numbers.h"

namespace berth::router {

// Headers or trailers, in order, without those of one hop (Connection, Content-Length, Host, ...).
using Fields = std::vector<std::pair<std::string, std::string>>;

// The value of the first of that name, whatever its case; empty when there is none.
std::string_view find_field(const Fields& fields, std::string_view name);
// Whether a header is about one hop only and is not carried on.
bool is_of_one_hop(std::string_view name);
bool equal_names(std::string_view a, std::string_view b);

// One request of a client, whole: what is sent again must be there.
struct Call {
  Protocol protocol = Protocol::Rest;
  std::string method;
  std::string target;
  std::string host;  // or :authority
  Fields fields;
  std::shared_ptr<const std::string> body;
  std::optional<Moment> deadline;  // the client's own
  Moment begun{};
};

// The name of the header with the milliseconds that a REST client gives. gRPC has grpc-timeout.
inline constexpr std::string_view kTimeoutHeader = "berth-timeout-milliseconds";
inline constexpr std::string_view kGrpcTimeoutHeader = "grpc-timeout";
inline constexpr std::string_view kEndpointHeader = "berth-endpoint";

// Milliseconds of a REST client's header; nothing when it is no positive number.
std::optional<Micros> parse_timeout(std::string_view text);
// "20m" is 20 milliseconds: at most eight digits and one of H, M, S, m, u, n.
std::optional<Micros> parse_grpc_timeout(std::string_view text);
std::string grpc_timeout_text(Micros left);  // at least 1 ms
// What a gRPC answer says with its head or its trailers.
std::optional<int> grpc_code(const Fields& fields);

// An answer comes in parts, the first of which has the head. Views are good during the call.
struct Head {
  int status = 200;
  Fields fields;
  std::optional<uint64_t> length;  // of the body, where it is known
};
struct Part {
  std::optional<Head> head;
  std::string_view body;
  bool is_last = false;
  Fields trailers;  // with the last one
};

enum class Broken {
  NotSent,   // nobody there: the replica has not seen the request
  NoAnswer,  // it may have; nothing of an answer was seen
  Cut,       // in the middle of the answer
};

// Where an answer arrives, on the thread of its loop. After the last part or on_broken nothing more
// comes.
class AnswerSink {
 public:
  virtual ~AnswerSink() = default;
  virtual void on_part(Part part) = 0;
  virtual void on_broken(Broken how, std::string_view why) = 0;
};

// A request under way to one replica. Its sink is never called from inside these.
class Attempt {
 public:
  virtual ~Attempt() = default;
  virtual void resume() = 0;  // after each part but the last, when there is room for the next
  virtual void cancel() = 0;  // nothing more reaches the sink
};

// Why a client gets no answer of a replica.
enum class Refusal { NoEndpoint, Malformed, TooLarge, Crowded, NoReplica, Late, ReplicaGone };

// Where answers go to. Parts are copied.
class Client {
 public:
  virtual ~Client() = default;
  virtual void send(Part part) = 0;  // then Exchange::resume(), unless it was the last
  virtual void refuse(Refusal why, std::string_view line) = 0;
  virtual void cut() = 0;  // the answer has begun and cannot be finished
};

// What it is called in numbers: HTTP status or gRPC code.
int code_of(Refusal why, Protocol protocol);

}  // namespace berth::router
