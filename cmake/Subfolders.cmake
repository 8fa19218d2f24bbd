# Adds the folders that have a CMakeLists.txt, in the order given.
function(ar_add_subfolders)
  foreach(folder IN LISTS ARGN)
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/CMakeLists.txt)
      add_subdirectory(${folder})
    endif()
  endforeach()
endfunction()

# A new plugin is a new folder and nothing else: every subfolder with a CMakeLists.txt is one. Shared code of a kind, in
# common/, comes first.
function(ar_add_subfolders_of)
  foreach(parent IN LISTS ARGN)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${parent})
    ar_add_subfolders(${parent}/common)
    file(GLOB files RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/${parent}/*/CMakeLists.txt)
    list(REMOVE_ITEM files ${parent}/common/CMakeLists.txt)
    list(SORT files)
    foreach(file IN LISTS files)
      get_filename_component(folder ${file} DIRECTORY)
      add_subdirectory(${folder})
    endforeach()
  endforeach()
endfunction()
