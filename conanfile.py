# SPDX-License-Identifier: Apache-2.0
"""Conan 2 recipe of the header-only library."""

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, rmdir
import os

required_conan_version = ">=2.0"


class SvfmathConan(ConanFile):
    name = "svfmath"
    version = "0.1.0"
    description = "Singular-value fine-tuning as a header-only C++20 library"
    license = "Apache-2.0"
    topics = ("svd", "fine-tuning", "linear-algebra", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    exports_sources = "CMakeLists.txt", "cmake/*", "include/*", "LICENSE"
    no_copy_source = True

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        self.requires("eigen/[>=3.4.0 <6]")
        self.requires("onetbb/[>=2021.10 <2024]")
        self.requires("xtensor/[>=0.24.7 <0.28]")
        self.requires("nlohmann_json/[>=3.10 <4]")

    def validate(self):
        check_min_cppstd(self, 20)

    def generate(self):
        toolchain = CMakeToolchain(self)
        for part in ("TESTS", "EXAMPLES", "BENCHMARKS"):
            toolchain.cache_variables[f"SVFMATH_BUILD_{part}"] = False
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        CMake(self).configure()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        rmdir(self, os.path.join(self.package_folder, "share"))

    def package_id(self):
        self.info.clear()

    def package_info(self):
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        self.cpp_info.set_property("cmake_file_name", "svfmath")
        self.cpp_info.set_property("cmake_config_version_compat", "SameMinorVersion")
        self.cpp_info.set_property("pkg_config_name", "svfmath")

        core = self.cpp_info.components["core"]
        core.set_property("cmake_target_name", "svfmath::core")
        whole = self.cpp_info.components["svfmath"]
        whole.set_property("cmake_target_name", "svfmath::svfmath")
        whole.requires = ["core", "xtensor::xtensor", "nlohmann_json::nlohmann_json"]
        cpu = self.cpp_info.components["cpu"]
        cpu.set_property("cmake_target_name", "svfmath::cpu")
        cpu.requires = ["svfmath", "eigen::eigen", "onetbb::libtbb"]
        for component in (core, whole, cpu):
            component.bindirs = []
            component.libdirs = []
