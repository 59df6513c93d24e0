#include "worker/serve/grpc_server.h"

#include <grpcpp/ext/health_check_service_server_builder_option.h>
#include <grpcpp/grpcpp.h>
#include <inference.grpc.pb.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "worker/serve/grpc_codec.h"

namespace berth::worker {
namespace {

using serving::Endpoint;
using serving::Loaded;
using serving::MicroTime;
using serving::Stage;

constexpr size_t kQuotaBeside = size_t{64} << 20;  // buffers of connections, beside the messages

grpc::Status status_of(const Error& error) {
  switch (error.code) {
    case Code::Invalid: return {grpc::StatusCode::INVALID_ARGUMENT, error.message};
    case Code::NotFound: return {grpc::StatusCode::NOT_FOUND, error.message};
    case Code::Unavailable: return {grpc::StatusCode::RESOURCE_EXHAUSTED, error.message};
    case Code::Timeout: return {grpc::StatusCode::DEADLINE_EXCEEDED, error.message};
    default: return {grpc::StatusCode::INTERNAL, error.message};
  }
}

std::string_view name_of(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::OK: return "OK";
    case grpc::StatusCode::CANCELLED: return "CANCELLED";
    case grpc::StatusCode::INVALID_ARGUMENT: return "INVALID_ARGUMENT";
    case grpc::StatusCode::NOT_FOUND: return "NOT_FOUND";
    case grpc::StatusCode::RESOURCE_EXHAUSTED: return "RESOURCE_EXHAUSTED";
    case grpc::StatusCode::DEADLINE_EXCEEDED: return "DEADLINE_EXCEEDED";
    case grpc::StatusCode::UNAVAILABLE: return "UNAVAILABLE";
    default: return "INTERNAL";
  }
}

// The client's deadline, where it is the nearer one.
MicroTime deadline_of(const grpc::CallbackServerContext& context, const Endpoint& endpoint) {
  const MicroTime now = serving::now_micros();
  const auto left = context.deadline() - std::chrono::system_clock::now();
  const auto allowed = endpoint.options().request_timeout;
  if (left >= allowed) return now + allowed;
  return now + std::chrono::duration_cast<serving::Micros>(left);
}

// One ModelInfer call. Deletes itself when gRPC is through with it.
class InferCall final : public grpc::ServerUnaryReactor {
 public:
  InferCall(Endpoint& endpoint, const grpc::CallbackServerContext& context,
            const inference::ModelInferRequest& request, inference::ModelInferResponse& response)
      : endpoint_(endpoint),
        request_(request),
        response_(response),
        room_(endpoint.held_bytes(), endpoint.options().memory_bytes) {
    endpoint_.begun();
    const Status begun = begin(context);
    if (!begun.ok()) {
      end(status_of(begun.error()));
    } else if (context.IsCancelled()) {
      cancel();  // before there was an id to cancel
    }
  }

 private:
  Status begin(const grpc::CallbackServerContext& context) {
    if (!endpoint_.serves(request_.model_name(), request_.model_version())) {
      return Error{Code::NotFound, "there is no model '" + request_.model_name() + "' version '" +
                                       request_.model_version() + "'"};
    }
    const Loaded* model = endpoint_.loaded();
    if (!model) {
      end({grpc::StatusCode::UNAVAILABLE, "the model is not loaded yet"});
      return Done{};
    }
    if (!room_.take(request_.ByteSizeLong())) {
      return Error{Code::Unavailable, "all requests together are larger than " +
                                          std::to_string(endpoint_.options().memory_bytes) + " B"};
    }
    auto request = BERTH_TRY(from_proto(request_, model->signature, room_));
    const uint64_t id = BERTH_TRY(
        endpoint_.submit(std::move(request), deadline_of(context, endpoint_),
                         [this](const serving::Request& asked, Result<serving::Outputs> outputs) {
                           answer(asked, outputs);
                         }));
    id_.store(id);
    return Done{};
  }

  // On the thread of an instance.
  void answer(const serving::Request& asked, const Result<serving::Outputs>& outputs) {
    if (!outputs.ok()) return end(status_of(outputs.error()));
    const bool is_raw = request_.raw_input_contents_size() > 0;
    to_proto(endpoint_.options().model, asked, is_raw, *outputs, response_);
    end(grpc::Status::OK);
  }

  void end(const grpc::Status& status) {
    endpoint_.answered("grpc", name_of(status.error_code()), begun_);
    Finish(status);
  }

  void cancel() {
    const uint64_t id = id_.load();
    if (id == 0 || !endpoint_.loaded()->dispatcher->cancel(id)) return;
    end({grpc::StatusCode::CANCELLED, "cancelled"});
  }
  void OnCancel() override { cancel(); }
  void OnDone() override { delete this; }

  Endpoint& endpoint_;
  const inference::ModelInferRequest& request_;
  inference::ModelInferResponse& response_;
  http::BodyRoom room_;
  const MicroTime begun_ = serving::now_micros();
  std::atomic<uint64_t> id_ = 0;
};

class Service final : public inference::GRPCInferenceService::CallbackService {
 public:
  explicit Service(Endpoint& endpoint) : endpoint_(endpoint) {}

  grpc::ServerUnaryReactor* ServerLive(grpc::CallbackServerContext* context,
                                       const inference::ServerLiveRequest*,
                                       inference::ServerLiveResponse* response) override {
    response->set_live(true);
    return finished(*context, grpc::Status::OK);
  }

  grpc::ServerUnaryReactor* ServerReady(grpc::CallbackServerContext* context,
                                        const inference::ServerReadyRequest*,
                                        inference::ServerReadyResponse* response) override {
    response->set_ready(is_ready());
    return finished(*context, grpc::Status::OK);
  }

  grpc::ServerUnaryReactor* ModelReady(grpc::CallbackServerContext* context,
                                       const inference::ModelReadyRequest* request,
                                       inference::ModelReadyResponse* response) override {
    if (!endpoint_.serves(request->name(), request->version())) return no_such_model(*context);
    response->set_ready(is_ready());
    return finished(*context, grpc::Status::OK);
  }

  grpc::ServerUnaryReactor* ServerMetadata(grpc::CallbackServerContext* context,
                                           const inference::ServerMetadataRequest*,
                                           inference::ServerMetadataResponse* response) override {
    response->set_name("berth-server");
    response->set_version(BERTH_VERSION);
    return finished(*context, grpc::Status::OK);
  }

  grpc::ServerUnaryReactor* ModelMetadata(grpc::CallbackServerContext* context,
                                          const inference::ModelMetadataRequest* request,
                                          inference::ModelMetadataResponse* response) override {
    if (!endpoint_.serves(request->name(), request->version())) return no_such_model(*context);
    const Loaded* model = endpoint_.loaded();
    if (!model) {
      return finished(*context, {grpc::StatusCode::UNAVAILABLE, "the model is not loaded yet"});
    }
    response->set_name(endpoint_.options().model.name);
    response->add_versions(endpoint_.options().model.version);
    response->set_platform(serving::kPlatform.data());
    for (const auto& spec : model->signature.inputs) to_proto(spec, *response->add_inputs());
    for (const auto& spec : model->signature.outputs) to_proto(spec, *response->add_outputs());
    (*response->mutable_properties())["device"] = model->device;
    (*response->mutable_properties())["sha256"] = model->sha256;
    return finished(*context, grpc::Status::OK);
  }

  grpc::ServerUnaryReactor* ModelInfer(grpc::CallbackServerContext* context,
                                       const inference::ModelInferRequest* request,
                                       inference::ModelInferResponse* response) override {
    return new InferCall(endpoint_, *context, *request, *response);
  }

 private:
  static grpc::ServerUnaryReactor* finished(grpc::CallbackServerContext& context,
                                            const grpc::Status& status) {
    auto* reactor = context.DefaultReactor();
    reactor->Finish(status);
    return reactor;
  }

  grpc::ServerUnaryReactor* no_such_model(grpc::CallbackServerContext& context) const {
    return finished(
        context, {grpc::StatusCode::NOT_FOUND, "there is no such model; this server has '" +
                                                   endpoint_.options().model.name + "' version '" +
                                                   endpoint_.options().model.version + "'"});
  }

  bool is_ready() const { return endpoint_.lifecycle().stage() == Stage::Ready; }

  Endpoint& endpoint_;
};

class RunningGrpc final : public GrpcServer {
 public:
  explicit RunningGrpc(Endpoint& endpoint) : service_(endpoint) {}
  ~RunningGrpc() override { stop(Millis{0}); }

  Status listen(const GrpcOptions& options, size_t memory_bytes) {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    int bound = 0;
    const bool is_ipv6 = options.address.find(':') != std::string::npos;
    const std::string host = is_ipv6 ? "[" + options.address + "]" : options.address;
    builder.AddListeningPort(host + ":" + std::to_string(options.port),
                             grpc::InsecureServerCredentials(), &bound);
    builder.SetMaxReceiveMessageSize(static_cast<int>(options.request_bytes_max));
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // or two would share it in silence
    grpc::ResourceQuota quota("berth-server");
    quota.Resize(memory_bytes + kQuotaBeside);
    builder.SetResourceQuota(quota);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    if (!server_ || bound == 0) {
      return Error{Code::Unavailable,
                   "listen on " + host + ":" + std::to_string(options.port) + ": refused"};
    }
    port_ = static_cast<uint16_t>(bound);
    show_ready(false);
    return Done{};
  }

  uint16_t port() const override { return port_; }

  void show_ready(bool is_ready) override {
    auto* health = server_->GetHealthCheckService();
    if (health) health->SetServingStatus(is_ready);
  }

  void stop(Millis grace) override {
    if (!server_) return;
    server_->Shutdown(std::chrono::system_clock::now() + grace);
    server_->Wait();
    server_.reset();
  }

 private:
  Service service_;
  std::unique_ptr<grpc::Server> server_;
  uint16_t port_ = 0;
};

}  // namespace

Result<std::unique_ptr<GrpcServer>> GrpcServer::start(const GrpcOptions& options,
                                                      Endpoint& endpoint) {
  auto server = std::make_unique<RunningGrpc>(endpoint);
  BERTH_TRY(server->listen(options, endpoint.options().memory_bytes));
  return std::unique_ptr<GrpcServer>(std::move(server));
}

}  // namespace berth::worker
