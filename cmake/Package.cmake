# Installation: libraries, headers, CMake package and pkg-config files.
include(CMakePackageConfigHelpers)

set(LIBRARIES sigv4 kinesis s3)
foreach(library ${LIBRARIES})
    install(DIRECTORY ${library}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
    install(TARGETS ${library}-static ${library}-shared EXPORT kinesis-toolkit
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endforeach()
install(EXPORT kinesis-toolkit NAMESPACE kinesis-toolkit::
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/kinesis-toolkit)
configure_package_config_file(cmake/kinesis-toolkit-config.cmake.in
    ${CMAKE_BINARY_DIR}/kinesis-toolkit-config.cmake
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/kinesis-toolkit)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/kinesis-toolkit-config-version.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/kinesis-toolkit-config.cmake
    ${CMAKE_BINARY_DIR}/kinesis-toolkit-config-version.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/kinesis-toolkit)

# Relative to the file itself, so that `cmake --install --prefix` may name another place than was configured.
set(PC_PREFIX ${CMAKE_INSTALL_PREFIX})
set(PC_LIBDIR ${CMAKE_INSTALL_FULL_LIBDIR})
set(PC_INCLUDEDIR ${CMAKE_INSTALL_FULL_INCLUDEDIR})
if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
    file(RELATIVE_PATH PC_UP "/p/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/p")
    set(PC_PREFIX "\${pcfiledir}/${PC_UP}")
    string(REGEX REPLACE "/$" "" PC_PREFIX "${PC_PREFIX}")
    set(PC_LIBDIR "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
    if(NOT IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
        set(PC_INCLUDEDIR "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
    endif()
endif()

function(pkgconfig_file name output description requires private_libs private_requires)
    set(PC_NAME ${name})
    set(PC_OUTPUT ${output})
    set(PC_DESCRIPTION ${description})
    set(PC_REQUIRES ${requires})
    set(PC_PRIVATE_LIBS ${private_libs})
    set(PC_PRIVATE_REQUIRES ${private_requires})
    configure_file(${PROJECT_SOURCE_DIR}/cmake/library.pc.in ${CMAKE_BINARY_DIR}/${output}.pc @ONLY)
    install(FILES ${CMAKE_BINARY_DIR}/${output}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()
pkgconfig_file(sigv4 ${SIGV4_LIBRARY_NAME} "AWS signing, credentials and HTTP exchanges"
    "" "-pthread -lm" "libcurl libssl libcrypto jansson expat")
pkgconfig_file(kinesis ${KINESIS_LIBRARY_NAME} "Kinesis producer and consumer"
    ${SIGV4_LIBRARY_NAME} "-lb64" "libcrypto jansson zlib")
pkgconfig_file(s3 ${S3_LIBRARY_NAME} "S3 objects and transfers"
    ${SIGV4_LIBRARY_NAME} "-pthread" "libcrypto expat zlib")
