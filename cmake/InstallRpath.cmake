# Where an installed binary finds LibTorch: beside our libraries when AR_BUNDLE_TORCH, else where it was built against.
option(AR_BUNDLE_TORCH "Install LibTorch's libraries with the program" OFF)

# up: the way from the binary's folder to lib/auto-round
function(ar_set_install_rpath target up)
  set(rpath ${AR_TORCH_LIB_DIR})
  if(AR_BUNDLE_TORCH)
    set(rpath "$ORIGIN/${up}/libtorch")
  endif()
  set_target_properties(${target} PROPERTIES INSTALL_RPATH "${rpath}")
endfunction()
