#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "ar/cpp/error.hpp"
#include "ar/cpp/host_services.hpp"
#include "ar/cpp/tensor_view.hpp"
#include "ar/format.h"

namespace ar {

/// One quantized layer, borrowed for the call. Names of planes: ar/format.h.
class LayerView {
 public:
  explicit LayerView(const ar_layer& layer) noexcept : layer_(&layer) {}

  std::string name() const { return layer_->name; }
  const ar_scheme& scheme() const noexcept { return *layer_->scheme; }
  int64_t out_features() const noexcept { return layer_->out_features; }
  int64_t in_features() const noexcept { return layer_->in_features; }
  bool conv1d() const noexcept { return layer_->conv1d != 0; }
  bool has_bias() const noexcept { return layer_->bias != nullptr; }
  TensorView bias() const { return TensorView(*layer_->bias); }
  const ar_layer& raw() const noexcept { return *layer_; }

  bool has(const char* plane) const noexcept { return find(plane) != nullptr; }
  TensorView plane(const char* name) const {
    if (const ar_tensor* t = find(name)) return TensorView(*t);
    throw Error(AR_INVALID_ARGUMENT, "layer '" + this->name() + "' comes without the plane '" + name + "'");
  }

 private:
  const ar_tensor* find(const char* name) const noexcept {
    for (std::size_t i = 0; i < layer_->n_planes; ++i) {
      if (std::strcmp(layer_->planes[i].name, name) == 0) return &layer_->planes[i];
    }
    return nullptr;
  }
  const ar_layer* layer_;
};

/// The stored tensors of one layer, borrowed for the call.
class TensorList {
 public:
  TensorList(const ar_tensor* tensors, std::size_t n) noexcept : tensors_(tensors), n_(n) {}

  std::size_t size() const noexcept { return n_; }
  TensorView operator[](std::size_t i) const noexcept { return TensorView(tensors_[i]); }
  bool has(const std::string& name) const noexcept { return find(name) != nullptr; }
  TensorView at(const std::string& name) const {
    if (const ar_tensor* t = find(name)) return TensorView(*t);
    throw Error(AR_NOT_FOUND, "there is no tensor '" + name + "'");
  }

 private:
  const ar_tensor* find(const std::string& name) const noexcept {
    for (std::size_t i = 0; i < n_; ++i) {
      if (name == tensors_[i].name) return &tensors_[i];
    }
    return nullptr;
  }
  const ar_tensor* tensors_;
  std::size_t n_;
};

/// A file's name and content.
struct NamedFile {
  std::string name;
  std::string bytes;
};

/// Makes the C table of a format from a class:
///
///   struct MyFormat {
///     static void check(const std::string& format, const ar_scheme& scheme);
///     static std::string resolve(const std::string& format, const std::string& plan_json);
///     MyFormat(const ar_host& host, const std::string& plan_json, const ar_target& target);
///     void pack(const ar::LayerView& layer, const ar_sink& sink) const;
///     void add(const ar::TensorView& tensor);
///     void finish();
///     // optional
///     void unpack(const ar::LayerView& layer, const ar::TensorList& stored, const ar_sink& sink) const;
///     static bool owns(const std::string& quantization_config_json);
///     static bool reads_ordinary_weights();  // layers with an ordinary weight have something to read, too
///     static void read_layer(const std::string& quantization_config_json, const ar::LayerView& layer,
///                            const ar::TensorList& stored, const ar_sink& sink);
///     static std::string choose_schemes(const std::string& format, const std::string& plan_json);
///     void store(const ar::TensorView& tensor);
///     struct Source {  // a file as an input model
///       explicit Source(const std::string& path);
///       std::string description() const;
///       void read(const std::string& declared_json, const ar_sink& sink) const;
///       std::vector<ar::NamedFile> tokenizer() const;  // optional
///     };
///   };
///   constexpr ar_plugin_desc kDesc = {sizeof(ar_plugin_desc), AR_SDK_MAJOR, ..., &ar::FormatPlugin<MyFormat>::kApi};
///   AR_PLUGIN(my_format, &kDesc)
///
/// Each fails by throwing ar::Error. Meaning and threads of each function: ar/format.h.
template <typename T>
class FormatPlugin {
  template <typename U, typename = void>
  struct HasUnpack : std::false_type {};
  template <typename U>
  struct HasUnpack<U, std::void_t<decltype(&U::unpack)>> : std::true_type {};
  template <typename U, typename = void>
  struct HasOwns : std::false_type {};
  template <typename U>
  struct HasOwns<U, std::void_t<decltype(&U::owns)>> : std::true_type {};
  template <typename U, typename = void>
  struct HasReadsOrdinary : std::false_type {};
  template <typename U>
  struct HasReadsOrdinary<U, std::void_t<decltype(&U::reads_ordinary_weights)>> : std::true_type {};
  template <typename U, typename = void>
  struct HasReadLayer : std::false_type {};
  template <typename U>
  struct HasReadLayer<U, std::void_t<decltype(&U::read_layer)>> : std::true_type {};

  template <typename U, typename = void>
  struct HasChooseSchemes : std::false_type {};
  template <typename U>
  struct HasChooseSchemes<U, std::void_t<decltype(&U::choose_schemes)>> : std::true_type {};
  template <typename U, typename = void>
  struct HasStore : std::false_type {};
  template <typename U>
  struct HasStore<U, std::void_t<decltype(&U::store)>> : std::true_type {};
  template <typename U, typename = void>
  struct HasSource : std::false_type {};
  template <typename U>
  struct HasSource<U, std::void_t<typename U::Source>> : std::true_type {};
  template <typename U, typename = void>
  struct HasTokenizer : std::false_type {};
  template <typename U>
  struct HasTokenizer<U, std::void_t<decltype(&U::Source::tokenizer)>> : std::true_type {};

  static T& self(ar_writer* w) { return *reinterpret_cast<T*>(w); }
  static const T& self(const ar_writer* w) { return *reinterpret_cast<const T*>(w); }

  static ar_status check(const char* format, const ar_scheme* scheme, ar_error* err) {
    return guard(err, [&] { T::check(format, *scheme); });
  }
  static ar_status resolve(const char* format, const char* plan_json, char* out, std::size_t capacity, ar_error* err) {
    return guard(err, [&] {
      const std::string name = T::resolve(format, plan_json);
      if (name.size() + 1 > capacity) throw Error(AR_INVALID_ARGUMENT, "no room for the name '" + name + "'");
      std::memcpy(out, name.c_str(), name.size() + 1);
    });
  }
  static ar_status open(const ar_host* host, const char* plan_json, const ar_target* target, ar_writer** writer,
                        ar_error* err) {
    *writer = nullptr;
    return guard(err, [&] { *writer = reinterpret_cast<ar_writer*>(new T(*host, plan_json, *target)); });
  }
  static ar_status pack(const ar_writer* writer, const ar_layer* layer, const ar_sink* sink, ar_error* err) {
    return guard(err, [&] { self(writer).pack(LayerView(*layer), *sink); });
  }
  static ar_status add(ar_writer* writer, const ar_tensor* tensor, ar_error* err) {
    return guard(err, [&] { self(writer).add(TensorView(*tensor)); });
  }
  static ar_status finish(ar_writer* writer, ar_error* err) {
    return guard(err, [&] { self(writer).finish(); });
  }
  static void close(ar_writer* writer) { delete reinterpret_cast<T*>(writer); }

  template <typename U>
  static ar_status unpack(const ar_writer* writer, const ar_layer* layer, const ar_tensor* tensors, std::size_t n,
                          const ar_sink* sink, ar_error* err) {
    return guard(err,
                 [&] { reinterpret_cast<const U*>(writer)->unpack(LayerView(*layer), TensorList(tensors, n), *sink); });
  }
  template <typename U>
  static int32_t owns(const char* config_json) {
    int32_t mine = 0;
    guard(nullptr, [&] {
      mine = U::owns(config_json) ? 1 : 0;
      if constexpr (HasReadsOrdinary<U>::value) mine *= U::reads_ordinary_weights() ? 2 : 1;
    });
    return mine;
  }
  template <typename U>
  static ar_status read_layer(const char* config_json, const ar_layer* layer, const ar_tensor* tensors, std::size_t n,
                              const ar_sink* sink, ar_error* err) {
    return guard(err, [&] { U::read_layer(config_json, LayerView(*layer), TensorList(tensors, n), *sink); });
  }

  template <typename U>
  static ar_status choose_schemes(const char* format, const char* plan_json, void* ctx,
                                  ar_status (*take)(void* ctx, const char* json, std::size_t n_bytes), ar_error* err) {
    return guard(err, [&] {
      const std::string chosen = U::choose_schemes(format, plan_json);
      if (take(ctx, chosen.data(), chosen.size()) != AR_OK) throw Error(AR_INVALID_ARGUMENT, "the host refused the schemes");
    });
  }
  template <typename U>
  static ar_status store(ar_writer* writer, const ar_tensor* tensor, ar_error* err) {
    return guard(err, [&] { reinterpret_cast<U*>(writer)->store(TensorView(*tensor)); });
  }

  template <typename U>
  static ar_status open_source(const char* path, ar_source** source, void* ctx,
                               ar_status (*take)(void* ctx, const char* json, std::size_t n_bytes), ar_error* err) {
    *source = nullptr;
    return guard(err, [&] {
      auto opened = std::make_unique<typename U::Source>(path);
      const std::string description = opened->description();
      if (take(ctx, description.data(), description.size()) != AR_OK)
        throw Error(AR_INVALID_ARGUMENT, "the host refused the description");
      *source = reinterpret_cast<ar_source*>(opened.release());
    });
  }
  template <typename U>
  static ar_status read_source(const ar_source* source, const char* declared_json, const ar_sink* sink, ar_error* err) {
    return guard(err, [&] { reinterpret_cast<const typename U::Source*>(source)->read(declared_json, *sink); });
  }
  template <typename U>
  static void close_source(ar_source* source) {
    delete reinterpret_cast<typename U::Source*>(source);
  }
  template <typename U>
  static ar_status source_tokenizer(const ar_source* source, void* ctx,
                                    ar_status (*take)(void* ctx, const char* name, const char* bytes, std::size_t n_bytes),
                                    ar_error* err) {
    return guard(err, [&] {
      for (const NamedFile& file : reinterpret_cast<const typename U::Source*>(source)->tokenizer()) {
        if (take(ctx, file.name.c_str(), file.bytes.data(), file.bytes.size()) != AR_OK)
          throw Error(AR_INVALID_ARGUMENT, "the host refused " + file.name);
      }
    });
  }

  static constexpr ar_format_api make() {
    ar_format_api api{};
    api.struct_size = sizeof(ar_format_api);
    api.check = check;
    api.resolve = resolve;
    api.open = open;
    api.pack = pack;
    api.add = add;
    api.finish = finish;
    api.close = close;
    if constexpr (HasUnpack<T>::value) api.unpack = unpack<T>;
    if constexpr (HasOwns<T>::value) api.owns = owns<T>;
    if constexpr (HasReadLayer<T>::value) api.read_layer = read_layer<T>;
    if constexpr (HasChooseSchemes<T>::value) api.choose_schemes = choose_schemes<T>;
    if constexpr (HasStore<T>::value) api.store = store<T>;
    if constexpr (HasSource<T>::value) {
      api.open_source = open_source<T>;
      api.read_source = read_source<T>;
      api.close_source = close_source<T>;
    }
    if constexpr (HasTokenizer<T>::value) api.source_tokenizer = source_tokenizer<T>;
    return api;
  }

 public:
  static constexpr ar_format_api kApi = make();
};

}  // namespace ar
