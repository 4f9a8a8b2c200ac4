#include "tests/bench/worker_client.h"

#include "tests/bench/bench_support.h"

namespace fog::bench {

using namespace executor;

WorkerClient::WorkerClient(WorkerProcess worker, const BindFrame& bind, ByteView content)
    : worker_(std::move(worker)),
      bound_(must(worker_.bind(bind, content, 600'000, [] { return true; }))),
      socket_(worker_.take_socket()) {}

WorkerClient::Answer WorkerClient::ask(RunFrame run, ByteView body) {
  run.id = ++id_;
  InputFrame input;
  input.id = id_;
  input.bytes.assign(body.begin(), body.end());
  input.last = true;
  Bytes frames = encode_frame(run);
  append(frames, encode_frame(input));
  Answer answer;
  const double start = seconds_now();
  must(send_all(socket_.get(), frames, {}));
  for (;;) {
    const Frame frame = next();
    const double ms = (seconds_now() - start) * 1e3;
    if (const auto output = decode_frame<OutputFrame>(frame)) {
      if (answer.output.empty()) answer.first_ms = ms;
      append(answer.output, output->bytes);
    }
    const auto done = decode_frame<DoneFrame>(frame);
    if (!done) continue;
    if (done->outcome != RunOutcome::kOk || answer.first_ms == 0) {
      progress("error: a request failed: " + std::string(done->detail));
      std::exit(1);
    }
    answer.ms = ms;
    answer.fuel = done->meter.fuel_used;
    return answer;
  }
}

Frame WorkerClient::next() {
  for (;;) {
    auto frame = reader_.next();
    CHECK(frame.has_value());
    if (*frame) return **std::move(frame);
    std::vector<UniqueFd> none;
    const std::size_t got = must(receive(socket_.get(), buffer_, none, 0));
    if (got == 0) {
      progress("error: the worker has ended");
      std::exit(1);
    }
    reader_.push(ByteView(buffer_).first(got));
  }
}

}  // namespace fog::bench
